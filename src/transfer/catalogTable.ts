import { USER_SCHEMAS } from "./contents.ts";

const OWNER = (column: string) =>
  `CASE WHEN pg_get_userbyid(${column}) = $1::text THEN '@owner' ELSE pg_get_userbyid(${column}) END`;

/**
 * Queries that together describe a database's schema: each answers lines in column `line`; $1 is the owner's name. Names
 * are qualified because the session's search_path is empty. Privileges are not here: an archive carries them apart.
 */
export const CATALOG_QUERIES: readonly string[] = [
  // Everything there is, of every kind, by identity; the queries below add what it looks like.
  `SELECT DISTINCT concat_ws(' ', 'object', i.type, i.identity) AS line
     FROM (SELECT classid, objid FROM pg_depend WHERE objid >= 16384
           UNION
           SELECT classid, objid FROM pg_shdepend WHERE objid >= 16384
              AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) d,
          pg_identify_object(d.classid, d.objid, 0) i
    WHERE d.classid NOT IN ('pg_trigger'::regclass, 'pg_default_acl'::regclass, 'pg_largeobject'::regclass)
      AND coalesce(i.schema, '') !~ '^pg_(toast|temp)' AND i.identity !~ '^pg_(toast|temp)' AND $1::text IS NOT NULL`,
  `SELECT concat_ws(' ', 'schema', quote_ident(n.nspname), ${OWNER("n.nspowner")}) AS line
     FROM pg_namespace n WHERE ${USER_SCHEMAS}`,
  `SELECT concat_ws(' ', 'relation', c.oid::regclass, c.relkind, c.relpersistence, ${OWNER("c.relowner")}, c.reloptions,
                    c.relrowsecurity, c.relforcerowsecurity, c.relreplident, pg_get_expr(c.relpartbound, c.oid),
                    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END) AS line
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${USER_SCHEMAS}`,
  `SELECT concat_ws(' ', 'column', a.attrelid::regclass, row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
                    quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                    a.attcollation::regcollation, a.attstorage, a.attcompression, a.attoptions,
                    pg_get_expr(d.adbin, d.adrelid)) AS line
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND ${USER_SCHEMAS} AND $1::text IS NOT NULL`,
  `SELECT concat_ws(' ', 'constraint', x.conrelid::regclass, x.contypid::regtype, quote_ident(x.conname), x.convalidated,
                    pg_get_constraintdef(x.oid)) AS line
     FROM pg_constraint x JOIN pg_namespace n ON n.oid = x.connamespace WHERE ${USER_SCHEMAS} AND $1::text IS NOT NULL`,
  `SELECT concat_ws(' ', 'index', i.indisvalid, i.indisreplident, i.indisclustered, pg_get_indexdef(i.indexrelid)) AS line
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE ${USER_SCHEMAS} AND $1::text IS NOT NULL`,
  `SELECT concat_ws(' ', 'view', c.oid::regclass, pg_get_viewdef(c.oid)) AS line
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND ${USER_SCHEMAS} AND $1::text IS NOT NULL`,
  `SELECT concat_ws(' ', 'routine', ${OWNER("p.proowner")}, p.oid::regprocedure,
                    CASE WHEN p.prokind IN ('f', 'p', 'w') THEN pg_get_functiondef(p.oid) END) AS line
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${USER_SCHEMAS}`,
  `SELECT concat_ws(' ', 'trigger', t.tgenabled, pg_get_triggerdef(t.oid)) AS line
     FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND ${USER_SCHEMAS} AND $1::text IS NOT NULL`,
  `SELECT concat_ws(' ', 'rule', r.ev_enabled, pg_get_ruledef(r.oid)) AS line
     FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rulename <> '_RETURN' AND ${USER_SCHEMAS} AND $1::text IS NOT NULL`,
  `SELECT concat_ws(' ', 'type', t.oid::regtype, t.typtype, ${OWNER("t.typowner")}, t.typnotnull, t.typdefault,
                    CASE WHEN t.typbasetype <> 0 THEN format_type(t.typbasetype, t.typtypmod) END,
                    (SELECT string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder)
                       FROM pg_enum e WHERE e.enumtypid = t.oid)) AS line
     FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${USER_SCHEMAS}`,
  `SELECT concat_ws(' ', 'sequence', s.seqrelid::regclass, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin,
                    s.seqcache, s.seqcycle) AS line
     FROM pg_sequence s WHERE $1::text IS NOT NULL`,
  `SELECT concat_ws(' ', 'policy', p.polrelid::regclass, quote_ident(p.polname), p.polcmd, p.polpermissive,
                    (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE ${OWNER("r")} END, ',')
                       FROM unnest(p.polroles) r),
                    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) AS line
     FROM pg_policy p`,
  `SELECT concat_ws(' ', 'extension', quote_ident(e.extname), e.extversion) AS line FROM pg_extension e WHERE $1::text IS NOT NULL`,
  `SELECT concat_ws(' ', 'default privileges', ${OWNER("d.defaclrole")}, d.defaclnamespace::regnamespace, d.defaclobjtype,
                    (SELECT string_agg(x.grant_text, ',' ORDER BY x.grant_text)
                       FROM (SELECT concat_ws(':', CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE ${OWNER("a.grantee")} END,
                                              a.privilege_type, a.is_grantable) AS grant_text
                               FROM aclexplode(d.defaclacl) a) x)) AS line
     FROM pg_default_acl d`,
  `SELECT concat_ws(' ', 'statistics', pg_get_statisticsobjdef(s.oid)) AS line
     FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE ${USER_SCHEMAS} AND $1::text IS NOT NULL`,
  `SELECT 'large objects' AS line FROM pg_largeobject_metadata WHERE $1::text IS NOT NULL LIMIT 1`,
];
