import { initial } from './0001-initial.ts'
import { policies } from './0002-policies.ts'
import { exportSessions } from './0003-export-sessions.ts'
import { chains } from './0004-chains.ts'
import { orders } from './0005-orders.ts'
import { agents } from './0006-agents.ts'
import { organizationPolicies } from './0007-organization-policies.ts'
import { replications } from './0008-replications.ts'
import { webhooks } from './0009-webhooks.ts'
import { memberIds } from './0010-member-ids.ts'
import type { Migration } from './migration.ts'

/** In order; the first has the number 1. */
export const migrations: readonly Migration[] = [
  initial,
  policies,
  exportSessions,
  chains,
  orders,
  agents,
  organizationPolicies,
  replications,
  webhooks,
  memberIds,
]
