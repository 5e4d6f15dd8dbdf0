import type { Migration } from './migration.ts'

/** Indexes: a project's webhooks; of a webhook all deliveries, and those that wait; of all of them those that have ended. */
export const webhooks: Migration = ({ text, whole, tableEnd }) => [
  `create table webhook (
    id ${text} not null primary key,
    project_id ${text} not null,
    user_id ${text} not null,
    name ${text} not null,
    url ${text} not null,
    events ${text} not null,
    secrets ${text} not null,
    created_at ${whole} not null
  )${tableEnd}`,
  'create index webhook_of_project on webhook (project_id, created_at, id)',
  `create table delivery (
    id ${text} not null primary key,
    webhook_id ${text} not null references webhook (id) on delete cascade,
    event_id ${text} not null,
    type ${text} not null,
    body ${text} not null,
    status ${text} not null,
    created_at ${whole} not null,
    attempts ${whole} not null,
    tried_at ${whole},
    answer ${whole},
    problem ${text},
    ended_at ${whole}
  )${tableEnd}`,
  'create index delivery_newest on delivery (webhook_id, created_at desc, id)',
  `create index delivery_waiting on delivery (webhook_id, created_at, id) where status = 'waiting'`,
  'create index delivery_ended on delivery (ended_at) where ended_at is not null',
]
