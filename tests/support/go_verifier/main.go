// Command go_verifier judges what our transparency log says of itself, by the code that the Go
// project checks its own module log with (golang.org/x/mod/sumdb: note and tlog).
//
// Standard input is a JSON list of cases, standard output the list of verdicts: an empty text for
// what is accepted, otherwise why it is refused.
package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

// Case is one question. Which fields it needs depends on its kind.
type Case struct {
	Kind   string      `json:"kind"`   // checkpoint, inclusion, consistency or log
	Key    string      `json:"key"`    // the log's key, as name+id+base64
	Note   string      `json:"note"`   // the signed checkpoint
	Older  string      `json:"older"`  // consistency: the signed checkpoint of before
	Index  int64       `json:"index"`  // inclusion: which entry
	Entry  []byte      `json:"entry"`  // inclusion: its bytes
	Proof  []tlog.Hash `json:"proof"`  // inclusion, consistency
	Folder string      `json:"folder"` // log: where its files lie
}

func main() {
	var cases []Case
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	verdicts := make([]string, len(cases))
	for i, each := range cases {
		if err := each.judge(); err != nil {
			verdicts[i] = err.Error()
		}
	}
	json.NewEncoder(os.Stdout).Encode(verdicts)
}

func (c Case) judge() error {
	if c.Kind == "log" {
		return c.judgeFolder()
	}
	tree, err := open(c.Note, c.Key)
	if err != nil {
		return err
	}
	switch c.Kind {
	case "checkpoint":
		return nil
	case "inclusion":
		return tlog.CheckRecord(c.Proof, tree.N, tree.Hash, c.Index, tlog.RecordHash(c.Entry))
	case "consistency":
		older, err := open(c.Older, c.Key)
		if err != nil {
			return err
		}
		return tlog.CheckTree(c.Proof, tree.N, tree.Hash, older.N, older.Hash)
	}
	return errors.New("unknown kind " + c.Kind)
}

// judgeFolder reads every hash from the tiles, which tlog authenticates against the signed root,
// and holds every entry of the bundles against its leaf.
func (c Case) judgeFolder() error {
	checkpoint, err := os.ReadFile(filepath.Join(c.Folder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := open(string(checkpoint), c.Key)
	if err != nil {
		return err
	}
	indexes := make([]int64, tree.N)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, int64(i))
	}
	leaves, err := tlog.TileHashReader(tree, folder(c.Folder)).ReadHashes(indexes)
	if err != nil {
		return err
	}
	entries, err := readEntries(c.Folder, tree.N)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		if tlog.RecordHash(entry) != leaves[i] {
			return fmt.Errorf("entry %d is not what the tree says", i)
		}
	}
	return nil
}

func open(content, key string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open([]byte(content), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// folder reads tiles where C2SP tlog-tiles puts them: as Go does, without the height.
type folder string

func (folder) Height() int                     { return tileHeight }
func (folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	contents := make([][]byte, len(tiles))
	for i, tile := range tiles {
		path := strings.TrimPrefix(tile.Path(), "tile/8/")
		content, err := os.ReadFile(filepath.Join(string(f), "tile", path))
		if err != nil {
			return nil, err
		}
		contents[i] = content
	}
	return contents, nil
}

func readEntries(path string, size int64) ([][]byte, error) {
	var entries [][]byte
	for start := int64(0); start < size; start += 1 << tileHeight {
		width := size - start
		if width > 1<<tileHeight {
			width = 1 << tileHeight
		}
		tile := tlog.Tile{H: tileHeight, L: -1, N: start >> tileHeight, W: int(width)}
		name := strings.TrimPrefix(tile.Path(), "tile/8/data/")
		bundle, err := os.ReadFile(filepath.Join(path, "tile/entries", name))
		if err != nil {
			return nil, err
		}
		for len(bundle) > 0 {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, errors.New("a bundle ends within an entry")
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			entries = append(entries, bundle[2:end])
			bundle = bundle[end:]
		}
	}
	if int64(len(entries)) != size {
		return nil, fmt.Errorf("%d entries, not %d", len(entries), size)
	}
	return entries, nil
}
