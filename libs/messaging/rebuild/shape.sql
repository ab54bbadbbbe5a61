-- Everything that makes up the tables of one schema, one text for each thing.
WITH t AS (SELECT c.* FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
           WHERE n.nspname = :schema AND c.relname = ANY (CAST(:tables AS text[])))
SELECT concat_ws(' ', t.relname, 'column', c.attname, format_type(c.atttypid, c.atttypmod),
        CASE WHEN c.attnotnull THEN 'NOT NULL' END, c.attidentity, c.attgenerated, c.attcollation,
        replace(pg_get_expr(d.adbin, d.adrelid), :schema || '.', ''),
        col_description(t.oid, c.attnum))
    FROM t JOIN pg_attribute AS c ON c.attrelid = t.oid
        LEFT JOIN pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = c.attnum
    WHERE c.attnum > 0 AND NOT c.attisdropped
UNION ALL
SELECT concat_ws(' ', t.relname, 'options', t.reloptions, t.relrowsecurity, t.relpersistence,
        obj_description(t.oid, 'pg_class')) FROM t
UNION ALL
SELECT concat_ws(' ', t.relname, 'constraint', k.conname, pg_get_constraintdef(k.oid))
    FROM t JOIN pg_constraint AS k ON k.conrelid = t.oid WHERE k.contype NOT IN ('n', 't')
UNION ALL
SELECT concat_ws(' ', t.relname, 'foreign key from', k.conrelid::regclass, k.conname)
    FROM t JOIN pg_constraint AS k ON k.confrelid = t.oid
UNION ALL
SELECT concat_ws(' ', t.relname, 'index', replace(pg_get_indexdef(i.indexrelid), :schema || '.', ''))
    FROM t JOIN pg_index AS i ON i.indrelid = t.oid
UNION ALL
SELECT concat_ws(' ', t.relname, 'right', a.grantee::regrole, a.privilege_type, a.is_grantable)
    FROM t, aclexplode(t.relacl) AS a WHERE a.grantee <> t.relowner
UNION ALL
SELECT concat_ws(' ', t.relname, 'right', c.attname, a.grantee::regrole, a.privilege_type)
    FROM t JOIN pg_attribute AS c ON c.attrelid = t.oid, aclexplode(c.attacl) AS a
UNION ALL
SELECT concat_ws(' ', t.relname, 'trigger', g.tgname)
    FROM t JOIN pg_trigger AS g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
UNION ALL
SELECT concat_ws(' ', t.relname, 'policy', p.polname)
    FROM t JOIN pg_policy AS p ON p.polrelid = t.oid
UNION ALL
SELECT DISTINCT concat_ws(' ', t.relname, 'view', r.ev_class::regclass)
    FROM t JOIN pg_depend AS d ON d.refobjid = t.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
