import type { Migration } from './migration.ts'

/** An agent's id is the program's own choice: two projects may have the same. */
export const agents: Migration = ({ text, whole, tableEnd }) => [
  `create table agent (
    id ${text} not null,
    project_id ${text} not null,
    version ${text},
    type ${text},
    host_name ${text} not null,
    host_nickname ${text} not null,
    host_ip ${text} not null,
    host_os ${text} not null,
    status ${text} not null,
    last_active_at ${whole} not null,
    created_at ${whole} not null,
    updated_at ${whole} not null,
    paths ${text} not null,
    primary key (project_id, id)
  )${tableEnd}`,
  'create index agent_newest on agent (project_id, created_at desc, id)',
]
