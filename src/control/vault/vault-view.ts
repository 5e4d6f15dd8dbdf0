/** A vault on the wire: one representation for create, show, list and update, since clients compare them (semantics 3.2). */
import type { Billing, ResourceResp, Vault, VaultGet } from '../../contract/operations.gen.ts'
import { asGb, asMb } from '../../contract/sizes.ts'
import { asTimestamp } from '../../contract/times.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { TagRecord } from '../../ports/catalog/tag.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { providerOf, specCodeOf } from './vault-kinds.ts'

type Looked = Pick<Records, 'resources' | 'tags'>

/** The vaults in the order given, each with its resources and tags. */
export async function viewVaults(records: Looked, vaults: readonly VaultRecord[]): Promise<readonly Vault[]> {
  const ids = vaults.map(vault => vault.id)
  if (ids.length === 0) return []
  const resources = Map.groupBy(await records.resources.of(ids), resource => resource.vaultId)
  const tags = Map.groupBy(await records.tags.of(ids), tag => tag.vaultId)
  return vaults.map(vault => asVault(vault, resources.get(vault.id) ?? [], tags.get(vault.id) ?? []))
}

export async function viewVault(records: Looked, vault: VaultRecord): Promise<Vault> {
  return asVault(vault, await records.resources.of([vault.id]), await records.tags.of([vault.id]))
}

/** As `viewVault`, with what a protectable's vault has besides. */
export const asVaultGet = (vault: VaultRecord, view: Vault): VaultGet => ({
  ...view,
  updated_at: asTimestamp(vault.updatedAt),
})

/** `resources` and `tags` are always there, if only empty (semantics 1.4). */
export function asVault(
  vault: VaultRecord,
  resources: readonly ResourceRecord[],
  tags: readonly Pick<TagRecord, 'key' | 'value'>[],
): Vault {
  return {
    id: vault.id,
    name: vault.name,
    ...(vault.description && { description: vault.description }),
    provider_id: providerOf(vault.objectType),
    project_id: vault.projectId,
    user_id: vault.userId,
    created_at: asTimestamp(vault.createdAt),
    enterprise_project_id: vault.enterpriseProjectId,
    billing: billingOf(vault, resources),
    resources: resources.map(asResource),
    tags: tags.map(({ key, value }) => ({ key, value })),
    auto_bind: vault.autoBind,
    bind_rules: vault.bindTags.length > 0 ? { tags: vault.bindTags } : {},
    auto_expand: vault.autoExpand,
    smn_notify: vault.smnNotify,
    threshold: vault.threshold,
    locked: vault.locked,
    demand_billing: vault.demandBilling,
    ...(vault.backupNamePrefix && { backup_name_prefix: vault.backupNamePrefix }),
    ...(vault.availabilityZone && { availability_zone: vault.availabilityZone }),
    ...(vault.sysLockSourceService && { sys_lock_source_service: vault.sysLockSourceService }),
  }
}

/** Whole numbers only: fractions break a client (client-notes 4.6). `used` is in MB, all else in GB. */
function billingOf(vault: VaultRecord, resources: readonly ResourceRecord[]): Billing {
  return {
    status: vault.status,
    size: vault.sizeGb,
    used: asMb(vault.usedBytes),
    allocated: resources.reduce((sum, resource) => sum + asGb(resource.sizeBytes), 0),
    object_type: vault.objectType,
    protect_type: vault.protectType,
    cloud_type: vault.cloudType,
    consistent_level: vault.consistentLevel,
    charging_mode: vault.chargingMode,
    spec_code: specCodeOf(vault),
    ...(vault.chargingMode === 'pre_paid' && vault.orderId && { order_id: vault.orderId }),
    is_multi_az: vault.isMultiAz,
  }
}

/** A resource as its vault shows it: sizes are numbers here, strings in checkpoints (client-notes 4.4). */
export const asResource = (resource: ResourceRecord): ResourceResp => ({
  id: resource.id,
  type: resource.type,
  name: resource.name,
  size: asGb(resource.sizeBytes),
  protect_status: resource.protectStatus,
  backup_size: asMb(resource.backupBytes),
  backup_count: resource.backupCount,
  auto_protect: resource.autoProtect,
  extra_info: {
    ...(resource.excludeVolumes.length > 0 && { exclude_volumes: resource.excludeVolumes }),
    ...(resource.includeVolumes.length > 0 && { include_volumes: resource.includeVolumes }),
  },
})
