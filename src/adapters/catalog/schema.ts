/** The schema that results from all migrations, as text: schema.*.sql hold it, and a test fails when they are stale. */
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'

const HEAD = '-- What the migrations make. Written by scripts/dump-schema.ts; not read by the service.\n\n'

/** Of the catalog in a SQLite file. */
export function sqliteSchema(file: string): string {
  using database = new DatabaseSync(file, { readOnly: true })
  const rows = database
    .prepare(
      "select sql from sqlite_schema where sql is not null and name not like 'sqlite%' order by tbl_name, type = 'index', name",
    )
    .all()
  return `${HEAD}${rows.map(({ sql }) => `${String(sql).replace(/^ {2}(?=\)| {2})/gm, '')};\n`).join('\n')}`
}

const COLUMNS = `
  select c.relname as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
         coalesce(l.collname, '') as collation
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_collation l on l.oid = a.attcollation and l.collname <> 'default'
  where c.relnamespace = $1::regnamespace and c.relkind = 'r'
  order by c.relname, a.attnum`
const CONSTRAINTS = `
  select c.relname as "table", pg_get_constraintdef(o.oid) as text
  from pg_constraint o join pg_class c on c.oid = o.conrelid
  where c.relnamespace = $1::regnamespace
  order by c.relname, o.contype desc, o.conname`
const INDEXES = `
  select tablename as "table", indexdef as text
  from pg_indexes i
  where schemaname = $1
    and not exists (select 1 from pg_constraint where conname = i.indexname and connamespace = $1::regnamespace)
  order by tablename, indexname`

interface Part {
  readonly table: string
  readonly text: string
}
interface Column extends Omit<Part, 'text'> {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly collation: string
}

/** Of the catalog in a schema of a PostgreSQL database, the schema's name left out. */
export async function postgresSchema(url: string, schema: string): Promise<string> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    // What PostgreSQL prints is qualified unless it lies in the search path.
    await client.query(`set search_path = ${client.escapeIdentifier(schema)}`)
    const ask = async <Row>(text: string): Promise<readonly Row[]> => (await client.query(text, [schema])).rows
    const [columns, constraints] = [await ask<Column>(COLUMNS), await ask<Part>(CONSTRAINTS)]
    const indexes = await ask<Part>(INDEXES)
    const tables = [...new Set(columns.map(({ table }) => table))].map(table => {
      const lines = [
        ...columns.filter(column => column.table === table).map(columnText),
        ...constraints.filter(constraint => constraint.table === table).map(({ text }) => text),
      ]
      const after = indexes
        .filter(index => index.table === table)
        .map(({ text }) => `\n${text.replace(` ON ${schema}.`, ' ON ')};\n`)
      return `create table ${table} (\n${lines.map(line => `  ${line}`).join(',\n')}\n);\n${after.join('')}`
    })
    return `${HEAD}${tables.join('\n')}`
  } finally {
    await client.end()
  }
}

const columnText = ({ name, type, required, collation }: Column): string =>
  `${name} ${type}${collation && ` collate "${collation}"`}${required ? ' not null' : ''}`
