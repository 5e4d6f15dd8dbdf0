import type { Migration } from './migration.ts'

/** A record is looked for within its backup only (semantics 8.3), so no index has to know the ids of all of them. */
export const memberIds: Migration = () => ['drop index member_id']
