import type { RoleName } from '../contract/role-names.ts'
import type { PolicyStatement } from '../ports/identity.ts'

/**
 * What each known role may do, as the policy documents an operator would write (roles.md 2). They only allow: a deny
 * here would take away what another role of the same user gives.
 */

const everything: readonly PolicyStatement[] = [
  { effect: 'allow', actions: ['cbr:*:*', 'ims:*:*', 'evs:*:*', 'ecs:*:get*', 'ecs:*:list*'] },
]

/** All of vaults and backups; policies are applied and removed, but made and changed by administrators alone; so are webhooks, and the audit trail is theirs to read. */
const backupsAndVaults: readonly PolicyStatement[] = [
  {
    effect: 'allow',
    actions: [
      'cbr:vaults:*',
      'cbr:backups:*',
      'cbr:member:*',
      'cbr:tasks:*',
      'cbr:agents:*',
      'cbr:migrates:*',
      'cbr:policies:get*',
      'cbr:policies:list*',
      'cbr:organizationPolicies:get*',
      'cbr:organizationPolicies:list*',
      'cbr:webhooks:get*',
      'cbr:webhooks:list*',
      'ims:*:*',
      'evs:*:*',
      'ecs:*:get*',
      'ecs:*:list*',
    ],
  },
]

const readOnly: readonly PolicyStatement[] = [
  {
    effect: 'allow',
    actions: [
      'cbr:*:get*',
      'cbr:*:list*',
      'cbr:backups:queryReplicationCapability',
      'ims:*:get*',
      'ims:*:list*',
      'evs:*:get*',
      'evs:*:list*',
      'ecs:*:get*',
      'ecs:*:list*',
    ],
  },
]

export const systemRoles: Readonly<Record<RoleName, readonly PolicyStatement[]>> = {
  'CBR FullAccess': everything,
  'CBR BackupsAndVaultsFullAccess': backupsAndVaults,
  'CBR ReadOnlyAccess': readOnly,
  cbr_admin: everything,
  cbr_user: backupsAndVaults,
  cbr_reader: readOnly,
  admin: everything,
  member: backupsAndVaults,
  reader: readOnly,
  service: [],
}
