/** What CreateVault's body asks for, with the defaults of semantics 3.2: 9900, 6116, 6101, 6122. */
import { DEFAULT_ENTERPRISE_PROJECT } from '../../contract/enterprise-project.ts'
import { refuse } from '../../contract/errors.ts'
import type { BillingCreate, VaultBindRules, VaultCreate } from '../../contract/operations.gen.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { cleanTag } from '../tag/tag-rules.ts'
import { objectTypeNamed } from './vault-kinds.ts'
import { checkSize } from './vault-rules.ts'

const DEFAULT_THRESHOLD = 80

export interface Made {
  readonly by: { readonly projectId: string; readonly userId: string }
  readonly at: Date
  readonly smallestGb: number
}

export function newVault(wanted: VaultCreate, { by, at, smallestGb }: Made): VaultRecord {
  checkWanted(wanted)
  const id = crypto.randomUUID()
  return {
    id,
    projectId: by.projectId,
    userId: by.userId,
    name: wanted.name ?? `vault_${id.slice(0, 4)}`,
    description: wanted.description ?? '',
    createdAt: at,
    updatedAt: at,
    status: 'available',
    ...kindOf(wanted.billing, smallestGb),
    chargingMode: wanted.billing.charging_mode ?? 'post_paid',
    usedBytes: 0,
    isMultiAz: wanted.billing.is_multi_az ?? false,
    autoBind: wanted.auto_bind ?? false,
    autoExpand: wanted.auto_expand ?? false,
    smnNotify: wanted.smn_notify ?? true,
    threshold: wanted.threshold ?? DEFAULT_THRESHOLD,
    locked: wanted.locked ?? false,
    demandBilling: wanted.demand_billing ?? false,
    enterpriseProjectId: wanted.enterprise_project_id ?? DEFAULT_ENTERPRISE_PROJECT,
    bindTags: bindTags(wanted.bind_rules),
    ...(wanted.backup_name_prefix && { backupNamePrefix: wanted.backup_name_prefix }),
    ...(wanted.availability_zone && { availabilityZone: wanted.availability_zone }),
    ...(wanted.sys_lock_source_service && { sysLockSourceService: wanted.sys_lock_source_service }),
  }
}

/** What goes with a subscription only, and what does not go with one: 9900. */
function checkWanted({ billing, auto_expand: autoExpand, demand_billing: demandBilling }: VaultCreate): void {
  if (billing.charging_mode !== 'pre_paid') {
    if (demandBilling) refuse('9900', { demand_billing: 'only a pre_paid vault can have it' })
    return
  }
  if (billing.period_type === undefined) refuse('9900', { period_type: 'is missing' })
  if (billing.period_num === undefined) refuse('9900', { period_num: 'is missing' })
  if (autoExpand) refuse('9900', { auto_expand: 'only a post_paid vault can have it' })
}

type Kind = Pick<VaultRecord, 'objectType' | 'protectType' | 'cloudType' | 'consistentLevel' | 'sizeGb'>

function kindOf(billing: BillingCreate, smallestGb: number): Kind {
  const objectType = objectTypeNamed(billing.object_type) ?? refuse('6116', { object_type: billing.object_type })
  const consistentLevel = billing.consistent_level ?? 'crash_consistent'
  if (consistentLevel === 'app_consistent' && objectType !== 'server') {
    refuse('9900', { consistent_level: 'app_consistent is for server vaults' })
  }
  const onPremises = objectType === 'vmware' || objectType === 'file'
  const cloudType = billing.cloud_type ?? (onPremises ? 'hybrid' : 'public')
  if (onPremises && cloudType !== 'hybrid') refuse('9900', { cloud_type: `${objectType} vaults are hybrid` })
  checkSize(billing.size, smallestGb)
  const protectType = billing.protect_type
  if (protectType === 'replication' && objectType !== 'server') refuse('6122', { object_type: objectType })
  return { objectType, protectType, cloudType, consistentLevel, sizeGb: billing.size }
}

/** An empty list clears the rules. Keys may repeat: the rules are alternatives. */
export const bindTags = (rules: VaultBindRules | undefined): VaultRecord['bindTags'] =>
  (rules?.tags ?? []).map(cleanTag)
