import type { Migration } from './migration.ts'

/** Policies of an account. A project's own one names the one it comes from, which stays as long as a project has it. */
export const organizationPolicies: Migration = ({ text, whole, flag, tableEnd }) => [
  `create table organization_policy (
    id ${text} not null primary key,
    domain_id ${text} not null,
    name ${text} not null,
    description ${text} not null,
    effective_scope ${text} not null,
    operation_type ${text} not null,
    policy_name ${text} not null,
    enabled ${flag} not null,
    definition ${text} not null,
    patterns ${text} not null,
    start_window_minutes ${whole},
    created_at ${whole} not null,
    updated_at ${whole} not null
  )${tableEnd}`,
  'create index organization_policy_newest on organization_policy (domain_id, created_at desc, id)',
  `alter table policy add column organization_policy_id ${text} references organization_policy (id)`,
  // One of each in a project, whoever rolls out.
  `create unique index policy_of_organization on policy (organization_policy_id, project_id)
    where organization_policy_id is not null`,
]
