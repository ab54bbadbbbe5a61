-- What LIKE ... INCLUDING ALL EXCLUDING INDEXES leaves out of the tables of one schema, as statements
-- for another. Names of indexes and constraints stay, for later migrations know them.
WITH t AS (SELECT c.* FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
           WHERE n.nspname = :schema AND c.relname = ANY (CAST(:tables AS text[])))
SELECT 1, format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s',
        :beside, t.relname, k.conname, pg_get_constraintdef(k.oid))
    FROM t JOIN pg_constraint AS k ON k.conrelid = t.oid WHERE k.contype IN ('p', 'u', 'x')
UNION ALL
SELECT 2, regexp_replace(pg_get_indexdef(i.indexrelid), ' ON \S+\.', format(' ON %I.', :beside))
    FROM t JOIN pg_index AS i ON i.indrelid = t.oid
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = i.indexrelid)
UNION ALL
SELECT 3, format('GRANT %s ON %I.%I TO %s', a.privilege_type, :beside, t.relname,
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
    FROM t, aclexplode(t.relacl) AS a WHERE a.grantee <> t.relowner
UNION ALL
SELECT 3, format('GRANT %s (%I) ON %I.%I TO %s', a.privilege_type, c.attname, :beside, t.relname,
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
    FROM t JOIN pg_attribute AS c ON c.attrelid = t.oid, aclexplode(c.attacl) AS a
    WHERE NOT c.attisdropped
UNION ALL
SELECT 3, format('COMMENT ON TABLE %I.%I IS %L', :beside, t.relname, d.description)
    FROM t JOIN pg_description AS d ON d.objoid = t.oid AND d.objsubid = 0
        AND d.classoid = 'pg_class'::regclass
ORDER BY 1
