/**
 * What a value may be beyond its JSON type: lengths, characters, ranges, sizes of arrays (semantics 1.5, 3, 4, 6, 9, 12,
 * 20, 22), as JSON Schema laid over the vendor's definition of a field. Only what is refused with 9900 stands here; a
 * limit with a code of its own (6101, 6116, 6600, 6706, ...) is the operation's rule, and `loose` opens such a field.
 */

import type { ErrorCode } from './errors.ts'

/** JSON Schema keywords of one field. */
export interface Limit {
  readonly type?: string | readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly enum?: readonly string[]
  readonly items?: Limit
  /** The field may be absent although the vendor's definitions call it mandatory. */
  readonly optional?: true
  /** Nothing is checked here, presence included: the operation refuses wrong values with a code of its own. */
  readonly loose?: true
}

const uuid: Limit = {
  pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
}
/** Letters, digits, `_`, `-`, `.` and the CJK blocks that the newest edition names. */
const name: Limit = { pattern: '^[a-zA-Z0-9_.\\-\\u4e00-\\u9fa5\\uf900-\\ufa2d]{1,64}$' }
const description: Limit = { pattern: '^[^<>]*$', maxLength: 255 }
const region: Limit = { pattern: '^[a-zA-Z0-9._\\-]*$', maxLength: 255 }
const upTo255: Limit = { maxLength: 255 }
const percent: Limit = { minimum: 1, maximum: 100 }
const kept: Limit = { minimum: 0, maximum: 100 }
const someResources: Limit = { minItems: 1, maxItems: 256 }
const loose: Limit = { loose: true }
const someText: Limit = { minLength: 1, maxLength: 255 }
/** A path of a host, on whatever system. */
const longText: Limit = { minLength: 1, maxLength: 4096 }
const paths: Limit = { minItems: 1, maxItems: 256, items: longText }
const productId: Limit = { minLength: 1, maxLength: 64 }
/** The vendor's number for the unit. */
const gigabytes: Limit = { minimum: 17, maximum: 17 }

/** By `Schema.field`. */
export const bodyLimits: Readonly<Record<string, Limit>> = {
  'AddMembersReq.members': { minItems: 1, maxItems: 10, uniqueItems: true },
  'AddMembersReq.domains': { minItems: 1, maxItems: 10, uniqueItems: true },
  // A wrong status or vault is 6706 (semantics 8.5 #2).
  'UpdateMember.status': loose,
  'UpdateMember.vault_id': loose,

  'VaultCreate.name': { ...name, optional: true },
  'VaultCreate.description': description,
  'VaultCreate.resources': { maxItems: 255 },
  'VaultCreate.threshold': percent,
  'VaultCreate.backup_name_prefix': { maxLength: 32 },
  'VaultCreate.availability_zone': { minLength: 1, maxLength: 32 },
  'VaultOrder.name': name,
  'VaultOrder.description': description,
  'VaultOrder.resources': { maxItems: 256 },
  'VaultOrder.threshold': percent,
  'VaultUpdate.name': name,
  'VaultUpdate.threshold': percent,
  'VaultUpdate.backup_name_prefix': { maxLength: 32 },
  'VaultBatchUpdate.threshold': percent,
  'VaultBindRules.tags': { maxItems: 5 },
  // An unknown type is 6116.
  'BillingCreate.object_type': { enum: [] },
  'BillingCreate.period_num': { minimum: 1, maximum: 9 },
  'BillingCreate.console_url': { minLength: 1, maxLength: 255 },
  'ResourceCreate.name': upTo255,
  'Resource.name': upTo255,
  'VaultAddResourceReq.resources': someResources,
  'VaultRemoveResourceReq.resource_ids': someResources,
  'VaultSetResourceReq.resource_ids': someResources,
  'VaultMigrateResourceReq.resource_ids': someResources,
  'VaultMigrateResourceReq.destination_vault_id': uuid,
  'UpdateExpirationTimeReq.expect_expiration_date': { pattern: '^\\d{4}-\\d{2}-\\d{2}$' },
  'UpdateExpirationTimeReq.time_zone': { maxLength: 64 },

  'Tag.key': { minLength: 1, maxLength: 127 },
  'Tag.value': { maxLength: 255, optional: true },
  'VaultResourceInstancesReq.action': { enum: ['filter', 'count'] },
  'VaultResourceInstancesReq.limit': { pattern: '^[1-9]\\d{0,8}$' },
  'VaultResourceInstancesReq.offset': { pattern: '^\\d{1,9}$' },
  'VaultResourceInstancesReq.tags': { maxItems: 20 },
  'VaultResourceInstancesReq.tags_any': { maxItems: 20 },
  'VaultResourceInstancesReq.not_tags': { maxItems: 20 },
  'VaultResourceInstancesReq.not_tags_any': { maxItems: 20 },
  'VaultResourceInstancesReq.cloud_type': { enum: ['public', 'hybrid'] },
  'TagsReq.key': { minLength: 1, maxLength: 127 },
  'TagsReq.values': { maxItems: 20, items: upTo255 },
  'Match.key': { enum: ['resource_name'] },
  'Match.value': upTo255,

  'VaultBackup.vault_id': uuid,
  'CheckpointParam.name': name,
  'CheckpointParam.description': description,
  'CheckpointParam.resources': { maxItems: 256 },
  'CheckpointParam.resource_details': { maxItems: 256 },
  'CheckpointParam.retention_duration_days': { minimum: -1, maximum: 36500 },
  'BackupUpdate.name': name,
  'BackupRestore.mappings': { maxItems: 256 },
  'RestoreDetails.destination_path': { minLength: 1, maxLength: 255 },

  'BackupReplicateReqBody.name': name,
  'BackupReplicateReqBody.description': description,
  'BackupReplicateReqBody.destination_region': region,
  'BackupReplicateReqBody.destination_vault_id': uuid,
  'CheckpointReplicateParam.destination_region': region,
  'CheckpointReplicateParam.vault_id': uuid,
  'CheckpointReplicateParam.destination_vault_id': uuid,

  'PolicyCreate.name': name,
  'PolicyUpdate.name': name,
  'PolicyTriggerPropertiesReq.pattern': { minItems: 1, maxItems: 24, items: upTo255 },
  'PolicyTriggerPropertiesReq.start_window_minutes': { minimum: 60, maximum: 480 },
  'PolicyoODCreate.max_backups': { minimum: -1, maximum: 99999 },
  'PolicyoODCreate.retention_duration_days': { minimum: -1, maximum: 99999 },
  'PolicyoODCreate.day_backups': kept,
  'PolicyoODCreate.week_backups': kept,
  'PolicyoODCreate.month_backups': kept,
  'PolicyoODCreate.year_backups': kept,
  'PolicyoODCreate.full_backup_interval': { minimum: -1, maximum: 100 },
  'PolicyoODCreate.timezone': { pattern: '^UTC[+-]\\d{2}:\\d{2}$' },
  'PolicyoODCreate.destination_region': region,
  'VaultAssociate.policy_id': uuid,
  'VaultAssociate.destination_vault_id': uuid,
  'VaultAssociate.add_policy_ids': { minItems: 1, maxItems: 2, items: uuid },
  'VaultDissociate.policy_id': uuid,
  'OrganizationPolicyCreate.name': name,
  'OrganizationPolicyCreate.policy_name': name,
  'OrganizationPolicyCreate.description': upTo255,
  'OrganizationPolicyCreate.effective_scope': upTo255,
  'OrganizationPolicyUpdate.name': name,
  'OrganizationPolicyUpdate.policy_name': name,
  'OrganizationPolicyUpdate.description': upTo255,
  'OrganizationPolicyUpdate.effective_scope': upTo255,

  'CbcProductInfoOrderChange.product_id': productId,
  'CbcProductInfoOrderChange.resource_size_measure_id': gigabytes,
  'CbcProductInfoUpdate.productId': productId,
  'CbcProductInfoUpdate.resourceSizeMeasureId': gigabytes,
  'ChangeToPeriod.charging_mode': { enum: ['pre_paid', 'post_paid'] },
  'ChangeToPeriod.period_type': { enum: ['year', 'month'] },
  'ChangeToPeriod.console_url': { minLength: 1, maxLength: 255 },
  'ChangeToPeriod.period_num': { minimum: 1, maximum: 9 },
  'ChangeToPeriod.vault_ids': { minItems: 1, maxItems: 60 },
  'AgentRegister.host_name': someText,
  'AgentRegister.host_ip': someText,
  'AgentRegister.host_os': someText,
  'AgentRegister.host_nickname': upTo255,
  'AgentRegister.agent_version': { pattern: '^\\d+\\.\\d+\\.\\d+$', maxLength: 64 },
  'AgentRegister.agent_type': { enum: ['cloud', 'native'] },
  'AgentAddPathReq.add_path': paths,
  'AgentAddPathReq.exclude_path': { maxItems: 256 },
  'AgentRemovePathReq.remove_path': paths,
  'ExcludePath.path_name': longText,
  'ExcludePath.exclude_path_name': { maxItems: 256, items: longText },
  'ProtectableAgentReq.agent_status': someResources,
  'ProtectableAgentStatusResource.resource_id': someText,
  'BackupSyncReq.sync': { minItems: 1, maxItems: 50 },
  'SyncParam.vault_id': uuid,
  'DomainMigrate.reservation': { type: 'number', minimum: 0, maximum: 1 },
}

const marker = uuid
const objectType: Limit = { enum: ['server', 'disk', 'turbo', 'workspace', 'vmware', 'rds', 'file'] }
const vaultStatus: Limit = { enum: ['available', 'lock', 'frozen', 'deleting', 'error'] }
const backupStatus: Limit = {
  enum: [
    'available',
    'protecting',
    'deleting',
    'restoring',
    'error',
    'waiting_protect',
    'waiting_delete',
    'waiting_restore',
  ],
}

/** By `Operation.parameter`. Repeatable parameters are held to it one value at a time. */
export const queryLimits: Readonly<Record<string, Limit>> = {
  'ListVault.status': vaultStatus,
  'ListVault.object_type': objectType,
  'ListExternalVault.object_type': objectType,
  'ListExternalVault.objcet_type': objectType,
  'ListExternalVault.protect_type': { enum: ['backup', 'replication', 'hybrid'] },
  'ListExternalVault.cloud_type': { enum: ['public', 'hybrid'] },
  'ListVault.marker': marker,
  'ListPolicies.vault_id': uuid,
  'ListPolicies.marker': marker,
  'ListAgent.marker': marker,
  'ListBackups.status': backupStatus,
  'ListBackups.used_percent': percent,
  'ListBackups.marker': marker,
  'ListOpLogs.marker': marker,
  'ShowMembersDetail.status': { enum: ['pending', 'accepted', 'rejected'] },
  'ShowMembersDetail.vault_id': uuid,
  'ShowMembersDetail.marker': marker,
  'ListOrganizationPolicies.operation_type': { optional: true, enum: ['backup', 'replication'] },
  'ListOrganizationPolicies.marker': marker,
  'ListOrganizationPolicyDetail.marker': marker,
}

/** Most rows of a page where it is not 1000; a larger limit is capped (semantics 1.6). */
export const mostRows: Readonly<Record<string, number>> = { ListProtectable: 50 }

/** By path parameter: what is refused when there is no such thing. */
export const missing: Readonly<Record<string, ErrorCode>> = {
  vault_id: '6105',
  backup_id: '6200',
  member_id: '6705',
  checkpoint_id: '6217',
  operation_log_id: '6500',
  instance_id: '6302',
  policy_id: '6000',
  organization_policy_id: '6000',
  agent_id: '7410',
  key: '6601',
}

/** Path parameters that the vendor's definitions leave open. */
export const pathLimits: Readonly<Record<string, Limit>> = {
  protectable_type: { enum: ['server', 'disk', 'turbo', 'workspace', 'workspace_v2'] },
}
