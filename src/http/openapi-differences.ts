/**
 * Where the served OpenAPI deliberately says something else than the vendor's file (contract/cbr-v3.json), and why. The
 * test lays the two side by side and takes no other difference: neither one that is missing here nor one that is gone.
 * Numbers are sections of semantics.md; 24.2 lists what newer editions of the vendor have added.
 */
export interface Deliberate {
  readonly why: string
  /** By place, `what the vendor's file says -> what is served`. */
  readonly places: Readonly<Record<string, string>>
}

const OBJECT_TYPES = 'disk, file, rds, server, turbo, vmware, workspace'
const BACKUP_STATUSES =
  'available, deleting, error, protecting, restoring, waiting_delete, waiting_protect, waiting_restore'
const SPEC_CODES = [
  'vault.backup.database.normal',
  'vault.backup.server.normal',
  'vault.backup.turbo.normal',
  'vault.backup.volume.normal',
  'vault.hybrid.server.normal',
  'vault.replication.server.normal',
].join(', ')

export const deliberate: readonly Deliberate[] = [
  {
    why: 'an operation of the newest edition (24.2)',
    places: {
      UpdateExpirationTime: 'nothing -> PUT /v3/{project_id}/vaults/{vault_id}/update-backup-expiration-time',
      'UpdateExpirationTime /project_id': 'nothing -> string required',
      'UpdateExpirationTime /vault_id': 'nothing -> string required',
      'UpdateExpirationTime body': 'nothing -> UpdateExpirationTimeReq required',
      'UpdateExpirationTime answer affected_backups_count': 'nothing -> number',
      'UpdateExpirationTime answer new_expiration_day': 'nothing -> string',
      'UpdateExpirationTime answer operation_log_id': 'nothing -> string',
      UpdateExpirationTimeReq: 'nothing -> object',
      'UpdateExpirationTimeReq.expect_expiration_date': 'nothing -> string required',
      'UpdateExpirationTimeReq.time_zone': 'nothing -> string',
      OpExtendInfoUpdateExpirationTime: 'nothing -> object',
      'OpExtendInfoUpdateExpirationTime.affected_backups_count': 'nothing -> number',
      'OpExtendInfoUpdateExpirationTime.expiration_day': 'nothing -> string',
      'OpExtraInfo.update_expiration_time': 'nothing -> OpExtendInfoUpdateExpirationTime',
    },
  },
  {
    why: 'fields and parameters of the newest edition (24.2, 3.5)',
    places: {
      'BackupResp.scheduled_operation_id': 'nothing -> string',
      'CheckpointParam.retention_duration_days': 'nothing -> number',
      'ListBackups ?existed_quantity_based_retention_backups': 'nothing -> boolean',
      'ListOpLogs ?destination_project_id': 'nothing -> string',
      'ListOpLogs ?destination_region': 'nothing -> string',
      'ListProtectable ?enterprise_project_id': 'nothing -> string',
      'ListVault ?availability_zone': 'nothing -> string',
      'PolicyTriggerPropertiesReq.start_window_minutes': 'nothing -> number or null',
      'PolicyTriggerPropertiesResp.start_window_minutes': 'nothing -> number',
      'PolicyoODCreate.advanced_retention_rules': 'nothing -> object',
      'ShowVaultResourceInstances ?enterprise_project_id': 'nothing -> string',
      'Vault.backup_name_prefix': 'nothing -> string',
      'Vault.demand_billing': 'nothing -> boolean',
      'VaultGet.backup_name_prefix': 'nothing -> string',
      'VaultGet.demand_billing': 'nothing -> boolean',
      'VaultUpdate.backup_name_prefix': 'nothing -> string',
    },
  },
  {
    why: 'lists page by `marker` too, repeat `id` and `status`, and take `limit` as a number (1.6)',
    places: {
      'ListAgent ?limit': 'string -> number',
      'ListAgent ?marker': 'nothing -> string',
      'ListBackups ?id': 'nothing -> Array<string>',
      'ListBackups ?status': `string among ${BACKUP_STATUSES} -> Array<string> among ${BACKUP_STATUSES}`,
      'ListExternalVault ?marker': 'nothing -> string',
      'ListOpLogs ?marker': 'nothing -> string',
      'ListOrganizationPolicies ?marker': 'nothing -> string',
      'ListOrganizationPolicyDetail ?limit': 'nothing -> number',
      'ListOrganizationPolicyDetail ?marker': 'nothing -> string',
      'ListOrganizationPolicyDetail ?offset': 'nothing -> number',
      'ListPolicies ?limit': 'nothing -> number',
      'ListPolicies ?marker': 'nothing -> string',
      'ListPolicies ?offset': 'nothing -> number',
      'ListVault ?marker': 'nothing -> string',
      'ShowStorageUsage ?marker': 'nothing -> string',
    },
  },
  {
    why: 'the values that are known and accepted, where the file has a bare string (1.6, 3.1, 3.2, 8.3, 11, 12, 15, 20)',
    places: {
      'AgentRegister.agent_type': 'string -> string among cloud, native',
      'ChangeToPeriod.charging_mode': 'string -> string among post_paid, pre_paid',
      'ChangeToPeriod.period_type': 'string required -> string required among month, year',
      'ListExternalVault ?cloud_type': 'string -> string among hybrid, public',
      'ListExternalVault ?objcet_type': `string -> string among ${OBJECT_TYPES}`,
      'ListExternalVault ?protect_type': 'string -> string among backup, hybrid, replication',
      'ListProtectable /protectable_type':
        'string required -> string required among disk, server, turbo, workspace, workspace_v2',
      'ListVault ?object_type': `string -> string among ${OBJECT_TYPES}`,
      'ListVault ?status': 'string -> string among available, deleting, error, frozen, lock',
      'Match.key': 'string required -> string required among resource_name',
      'ShowMembersDetail ?status': 'string -> string among accepted, pending, rejected',
      'ShowProtectable /protectable_type':
        'string required -> string required among disk, server, turbo, workspace, workspace_v2',
      'VaultResourceInstancesReq.action': 'string required -> string required among count, filter',
    },
  },
  {
    why: 'the misspelt `objcet_type` spelt rightly too (24.1 #20)',
    places: { 'ListExternalVault ?object_type': `nothing -> string among ${OBJECT_TYPES}` },
  },
  {
    why: 'Terraform lists without it (24.1 #21)',
    places: { 'ListOrganizationPolicies ?operation_type': 'string required -> string among backup, replication' },
  },
  {
    why: 'left out while there is no value (24.3), or for op_service alone (12)',
    places: {
      'BackupResp.expired_at': 'string required -> string',
      'BackupResp.parent_id': 'string required -> string',
      'BackupResp.protected_at': 'string required -> string',
      'TagResource.sys_tags': 'Array<SysTag> required -> Array<SysTag>',
    },
  },
  {
    why: 'has a default (3.2)',
    places: {
      'BillingCreate.consistent_level':
        'string required among app_consistent, crash_consistent -> string among app_consistent, crash_consistent',
      'VaultCreate.name': 'string required -> string',
    },
  },
  {
    why: 'a tag to be deleted needs no value (24.1 #41)',
    places: { 'Tag.value': 'string required -> string' },
  },
  {
    why: 'one of `members` and `domains` at least (24.1 #2)',
    places: { AddMembersReq: 'object -> object with members or domains' },
  },
  {
    why: 'spec codes of rds and workspace vaults are not in the list (24.1 #34)',
    places: { 'Billing.spec_code': `string required among ${SPEC_CODES} -> string required` },
  },
  {
    why: 'the provider’s own word is passed through (24.1 #33)',
    places: { 'ProtectablesResp.status': 'string among active, deleted, error -> string' },
  },
  {
    why: 'a key of a project has several values (24.1 #24)',
    places: { 'TagsResp.values': 'string -> Array<string>' },
  },
  {
    why: 'read by clients, missing in the file (24.1 #11, #18, #19; 5.2)',
    places: {
      'BackupExtendInfo.incremental': 'nothing -> boolean',
      'OpExtendInfoVaultDelete.fail_delete_count': 'nothing -> number',
      'OpExtendInfoVaultDelete.total_delete_count': 'nothing -> number',
      'ReplicationRecordsExtraInfo.destinatio_vault_id': 'nothing -> string',
      'RestoreBackup answer job_id': 'nothing -> string',
    },
  },
  {
    why: 'OpenCBR’s own, which other clients ignore: digests and verifications',
    places: {
      'BackupResp.digest': 'nothing -> string',
      'OpExtraInfo.verify': 'nothing -> OpExtendInfoVerify',
      OpExtendInfoVerify: 'nothing -> object',
      'OpExtendInfoVerify.backup_id': 'nothing -> string required',
      'OpExtendInfoVerify.checked_chunks': 'nothing -> number',
      'OpExtendInfoVerify.chunks': 'nothing -> number',
      'OpExtendInfoVerify.part': 'nothing -> number required',
      'OpExtendInfoVerify.problem_count': 'nothing -> number',
      'OpExtendInfoVerify.problems': 'nothing -> Array<OpExtendInfoVerifyProblem>',
      OpExtendInfoVerifyProblem: 'nothing -> object',
      'OpExtendInfoVerifyProblem.backups': 'nothing -> Array<string> required',
      'OpExtendInfoVerifyProblem.chunk': 'nothing -> string',
      'OpExtendInfoVerifyProblem.pack': 'nothing -> string',
      'OpExtendInfoVerifyProblem.what': 'nothing -> string required',
    },
  },
  {
    why: 'what a refusal looks like, which the file leaves out (1.3)',
    places: {
      Error: 'nothing -> object',
      'Error.error_code': 'nothing -> string required',
      'Error.error_msg': 'nothing -> string required',
      'Error.request_id': 'nothing -> string required',
    },
  },
]
