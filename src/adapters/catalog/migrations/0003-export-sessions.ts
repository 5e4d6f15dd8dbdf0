import type { Migration } from './migration.ts'

/** Few rows at a time, and short-lived ones: the list of a project is the one thing looked up by more than the id. */
export const exportSessions: Migration = ({ text, whole, flag, tableEnd }) => [
  `create table export_session (
    id ${text} not null primary key,
    project_id ${text} not null,
    user_id ${text} not null,
    backup_id ${text} not null references backup (id),
    listen ${text} not null,
    overlay ${flag} not null,
    size_bytes ${whole} not null,
    created_at ${whole} not null,
    expires_at ${whole} not null,
    held_by ${text} not null,
    held_until ${whole} not null
  )${tableEnd}`,
  'create index export_session_newest on export_session (project_id, created_at desc, id)',
  'create index export_session_of_backup on export_session (backup_id)',
]
