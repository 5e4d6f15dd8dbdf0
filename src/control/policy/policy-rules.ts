/** What a policy may say (semantics 9). Shapes and ranges of its fields have passed the contract check. */
import { refuse } from '../../contract/errors.ts'
import { isUuid } from '../../contract/ids.ts'
import { type PolicyoODCreate, schemas } from '../../contract/operations.gen.ts'
import { zoneOffset } from '../../contract/time-zone.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { PolicyRecord, PolicyType } from '../../ports/catalog/policy.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { Ports } from '../../ports/ports.ts'
import { checkAdvanced } from './advanced-retention.ts'
import { keepsLong } from './retention.ts'

/** Of each type in a project of its own, and in an account. */
const MOST_POLICIES = 32

/** The project's policy of that id: 6000. */
export async function ownPolicy(
  records: Pick<Records, 'policies'>,
  projectId: string,
  policyId: string,
): Promise<PolicyRecord> {
  const policy = isUuid(policyId) ? await records.policies.find(projectId, policyId) : undefined
  return policy ?? refuse('6000', { policy: policyId })
}

/** As `ownPolicy`, held until the transaction ends. */
export async function lockPolicy(
  records: Pick<Records, 'policies'>,
  projectId: string,
  policyId: string,
): Promise<PolicyRecord> {
  const policy = isUuid(policyId) ? await records.policies.lock(projectId, policyId) : undefined
  return policy ?? refuse('6000', { policy: policyId })
}

/** What comes from the account is changed and deleted there (semantics 18): 9900. */
export function checkOwned({ id, organizationPolicyId }: PolicyRecord): void {
  if (organizationPolicyId !== undefined) {
    refuse('9900', { policy: id, reason: 'it is the organization that changes and deletes it' })
  }
}

/** 6001. */
export function checkNumber(operationType: PolicyType, others: number): void {
  if (others >= MOST_POLICIES) refuse('6001', { operation_type: operationType, most: MOST_POLICIES })
}

/** The own region, unless its vaults take replicas of its own backups. */
export const closedRegion = ({ replicas, settings }: Pick<Ports, 'replicas' | 'settings'>): string | undefined =>
  replicas.regions.includes(settings.region) ? undefined : settings.region

/** The definition to be kept, fields as sent: 9900, and for a replication policy 1005, 1011. */
export function checkedDefinition(
  operationType: PolicyType,
  sent: PolicyoODCreate,
  closedRegion: string | undefined,
): PolicyoODCreate {
  checkRetention(sent)
  if (sent.timezone !== undefined && zoneOffset(sent.timezone) === undefined) {
    refuse('9900', { timezone: sent.timezone, form: 'UTC+08:00' })
  }
  if (sent.enable_acceleration) refuse('9900', { enable_acceleration: 'is not offered here' })
  checkAdvanced(sent)
  if (operationType === 'replication') checkDestination(sent, closedRegion)
  const known = Object.entries(sent).filter(([field]) => field in (schemas.PolicyoODCreate ?? {}))
  return Object.fromEntries(known)
}

function checkRetention(sent: PolicyoODCreate): void {
  const { max_backups: most = -1, retention_duration_days: days = -1 } = sent
  if (days === 0) refuse('9900', { retention_duration_days: 0, range: '-1 or 1 to 99999' })
  if (days > 0 && most > 0) refuse('9900', { max_backups: 'and retention_duration_days exclude each other' })
  if (!keepsLong(sent)) return
  if (days > 0) refuse('9900', { retention_duration_days: 'does not go with day, week, month or year_backups' })
  if (sent.timezone === undefined) refuse('9900', { timezone: 'is missing; days and weeks begin somewhere' })
}

/** 32 hex digits, or a UUID. */
const PROJECT = /^[0-9a-f]{32}$/

/** Another region's projects are not known here: any that could be one will do (semantics 8.10). */
function checkDestination(
  { destination_region: region, destination_project_id: project }: PolicyoODCreate,
  closed: string | undefined,
) {
  if (!region) refuse('9900', { destination_region: 'is missing' })
  if (!project) refuse('9900', { destination_project_id: 'is missing' })
  if (region === closed) refuse('1005', { region })
  if (!PROJECT.test(project) && !isUuid(project)) refuse('1011', { project })
}

/** Where its replicas go is fixed while it is applied: 6003. */
export function checkSameDestination(now: PolicyoODCreate, wanted: PolicyoODCreate): void {
  for (const field of ['destination_region', 'destination_project_id'] as const) {
    if (now[field] !== wanted[field]) refuse('6003', { [field]: now[field] ?? '' })
  }
}

/** Whether the policy can be applied to the vault at all: 6136, 6127. */
export function checkFits(policy: PolicyRecord, vault: VaultRecord): void {
  const about = { operation_type: policy.operationType, vault: `${vault.objectType}, ${vault.protectType}` }
  if (vault.cloudType === 'hybrid' || vault.protectType === 'hybrid') refuse('6136', about)
  if (vault.protectType !== 'backup') refuse('6127', about)
  if (policy.operationType === 'replication' && vault.objectType !== 'server') refuse('6127', about)
}
