/**
 * The map of the service: every operation of the contract, the IAM action it needs in the project of the path
 * (contract/roles.md), and the use case behind it.
 */
import type { OperationId } from '../contract/operations.gen.ts'
import { addAgentPath } from '../control/agent/add-agent-path.ts'
import { ownAgent } from '../control/agent/agent-rules.ts'
import { checkAgent } from '../control/agent/check-agent.ts'
import { listAgent } from '../control/agent/list-agent.ts'
import { registerAgent } from '../control/agent/register-agent.ts'
import { removeAgentPath } from '../control/agent/remove-agent-path.ts'
import { showAgent } from '../control/agent/show-agent.ts'
import { unregisterAgent } from '../control/agent/unregister-agent.ts'
import { updateAgent } from '../control/agent/update-agent.ts'
import { deleteBackup } from '../control/backup/delete-backup.ts'
import { listBackups } from '../control/backup/list-backups.ts'
import { restoreBackup } from '../control/backup/restore-backup.ts'
import { showBackup } from '../control/backup/show-backup.ts'
import { showMetadata } from '../control/backup/show-metadata.ts'
import { updateBackup } from '../control/backup/update-backup.ts'
import { createCheckpoint } from '../control/checkpoint/create-checkpoint.ts'
import { showCheckpoint } from '../control/checkpoint/show-checkpoint.ts'
import { listDomainProjects } from '../control/domain/list-domain-projects.ts'
import { listProjects } from '../control/domain/list-projects.ts'
import { showDomain } from '../control/domain/show-domain.ts'
import { listFeatures } from '../control/feature/list-features.ts'
import { showFeature } from '../control/feature/show-feature.ts'
import { showReplicationCapabilities } from '../control/feature/show-replication-capabilities.ts'
import { importBackup } from '../control/import/import-backup.ts'
import { importCheckpoint } from '../control/import/import-checkpoint.ts'
import { addMember } from '../control/member/add-member.ts'
import { deleteMember } from '../control/member/delete-member.ts'
import { findOfferable, findShared } from '../control/member/find-shared.ts'
import { showMemberDetail } from '../control/member/show-member-detail.ts'
import { showMembersDetail } from '../control/member/show-members-detail.ts'
import { updateMemberStatus } from '../control/member/update-member-status.ts'
import { migrateDomain } from '../control/migration/migrate-domain.ts'
import { showMigrateStatus } from '../control/migration/show-migrate-status.ts'
import { listOpLogs } from '../control/operation-log/list-op-logs.ts'
import { showOpLog } from '../control/operation-log/show-op-log.ts'
import { changeOrder } from '../control/order/change-order.ts'
import { changeVaultChargeMode } from '../control/order/change-vault-charge-mode.ts'
import { createPostPaidVault } from '../control/order/create-post-paid-vault.ts'
import { updateOrder } from '../control/order/update-order.ts'
import { createOrganizationPolicy } from '../control/organization-policy/create-organization-policy.ts'
import { deleteOrganizationPolicy } from '../control/organization-policy/delete-organization-policy.ts'
import { listOrganizationPolicies } from '../control/organization-policy/list-organization-policies.ts'
import { listOrganizationPolicyDetail } from '../control/organization-policy/list-organization-policy-detail.ts'
import { ownOrganizationPolicy } from '../control/organization-policy/organization-policy-rules.ts'
import { ownDomain } from '../control/organization-policy/own-domain.ts'
import { showOrganizationPolicy } from '../control/organization-policy/show-organization-policy.ts'
import { updateOrganizationPolicy } from '../control/organization-policy/update-organization-policy.ts'
import { associateVaultPolicy } from '../control/policy/associate-vault-policy.ts'
import { createPolicy } from '../control/policy/create-policy.ts'
import { deletePolicy } from '../control/policy/delete-policy.ts'
import { disassociateVaultPolicy } from '../control/policy/disassociate-vault-policy.ts'
import { listPolicies } from '../control/policy/list-policies.ts'
import { ownPolicy } from '../control/policy/policy-rules.ts'
import { showPolicy } from '../control/policy/show-policy.ts'
import { updatePolicy } from '../control/policy/update-policy.ts'
import { listProtectable } from '../control/protectable/list-protectable.ts'
import { showProtectable } from '../control/protectable/show-protectable.ts'
import { copyBackup } from '../control/replication/copy-backup.ts'
import { copyCheckpoint } from '../control/replication/copy-checkpoint.ts'
import { addVaultResource } from '../control/resource/add-vault-resource.ts'
import { migrateVaultResource } from '../control/resource/migrate-vault-resource.ts'
import { removeVaultResource } from '../control/resource/remove-vault-resource.ts'
import { setVaultResource } from '../control/resource/set-vault-resource.ts'
import { showStorageUsage } from '../control/resource/show-storage-usage.ts'
import { batchCreateAndDeleteVaultTags } from '../control/tag/batch-create-and-delete-vault-tags.ts'
import { createVaultTags } from '../control/tag/create-vault-tags.ts'
import { deleteVaultTag } from '../control/tag/delete-vault-tag.ts'
import { showVaultProjectTag } from '../control/tag/show-vault-project-tag.ts'
import { showVaultResourceInstances } from '../control/tag/show-vault-resource-instances.ts'
import { showVaultTag } from '../control/tag/show-vault-tag.ts'
import type { ProjectCaller, UseCase } from '../control/use-case.ts'
import { batchUpdateVault } from '../control/vault/batch-update-vault.ts'
import { createVault } from '../control/vault/create-vault.ts'
import { deleteVault } from '../control/vault/delete-vault.ts'
import { listExternalVault } from '../control/vault/list-external-vault.ts'
import { listVault } from '../control/vault/list-vault.ts'
import { showSummary } from '../control/vault/show-summary.ts'
import { showVault } from '../control/vault/show-vault.ts'
import { updateExpirationTime } from '../control/vault/update-expiration-time.ts'
import { updateVault } from '../control/vault/update-vault.ts'
import { findVault } from '../control/vault/vault-rules.ts'
import type { Ports } from '../ports/ports.ts'

/** Needs no role: any authenticated user. */
export const ANYONE = 'anyone'

export interface Route<O extends OperationId> {
  readonly action: string
  readonly run: UseCase<O, keyof Ports>
  /** Refuses when the object of the path is missing; asked when the rest of the request does not fit (handle.ts). */
  readonly exists?: Finder
  /** Changes nothing although its method says so: leaves no audit trail. */
  readonly reads?: true
}

type Finder = (ports: Ports, caller: ProjectCaller, path: Readonly<Record<string, string>>) => Promise<void>

const seenBackup: Finder = (ports, caller, path) => findOfferable(ports, caller, path.backup_id ?? '')
/** Who rejected a share may look at its record and answer anew. */
const sharedBackup: Finder = (ports, caller, path) => findShared(ports, caller, path.backup_id ?? '')

const ownVault: Finder = async (ports, caller, path) => {
  await findVault(ports, caller, path.vault_id ?? '')
}

const existingPolicy: Finder = async (ports, caller, path) => {
  await ports.catalog.read(records => ownPolicy(records, caller.projectId, path.policy_id ?? ''))
}

const ownedAgent: Finder = async (ports, caller, path) => {
  await ports.catalog.read(records => ownAgent(records, caller.projectId, path.agent_id ?? ''))
}

const existingOrganizationPolicy: Finder = async (ports, caller, path) => {
  const { id } = await ownDomain(ports.identity, caller)
  await ports.catalog.read(records => ownOrganizationPolicy(records, id, path.organization_policy_id ?? ''))
}

export const routes: { readonly [O in OperationId]: Route<O> } = {
  // vaults
  AddVaultResource: { action: 'cbr:vaults:addResources', run: addVaultResource, exists: ownVault },
  AssociateVaultPolicy: { action: 'cbr:vaults:associatePolicy', run: associateVaultPolicy, exists: ownVault },
  BatchUpdateVault: { action: 'cbr:vaults:update', run: batchUpdateVault },
  ChangeVaultChargeMode: { action: 'cbr:vaults:update', run: changeVaultChargeMode },
  CreatePostPaidVault: { action: 'cbr:vaults:create', run: createPostPaidVault },
  CreateVault: { action: 'cbr:vaults:create', run: createVault },
  DeleteVault: { action: 'cbr:vaults:delete', run: deleteVault },
  DisassociateVaultPolicy: { action: 'cbr:vaults:dissociatePolicy', run: disassociateVaultPolicy, exists: ownVault },
  ListExternalVault: { action: 'cbr:vaults:list', run: listExternalVault },
  ListVault: { action: 'cbr:vaults:list', run: listVault },
  MigrateVaultResource: { action: 'cbr:vaults:migrateResources', run: migrateVaultResource, exists: ownVault },
  RemoveVaultResource: { action: 'cbr:vaults:removeResources', run: removeVaultResource, exists: ownVault },
  SetVaultResource: { action: 'cbr:vaults:setResources', run: setVaultResource, exists: ownVault },
  ShowSummary: { action: 'cbr:vaults:list', run: showSummary },
  ShowVault: { action: 'cbr:vaults:get', run: showVault },
  UpdateExpirationTime: { action: 'cbr:vaults:update', run: updateExpirationTime, exists: ownVault },
  UpdateVault: { action: 'cbr:vaults:update', run: updateVault, exists: ownVault },
  // tags
  BatchCreateAndDeleteVaultTags: {
    action: 'cbr:vaults:bulkCreateOrDeleteTags',
    run: batchCreateAndDeleteVaultTags,
    exists: ownVault,
  },
  CreateVaultTags: { action: 'cbr:vaults:setTags', run: createVaultTags, exists: ownVault },
  DeleteVaultTag: { action: 'cbr:vaults:deleteTags', run: deleteVaultTag },
  ShowVaultProjectTag: { action: 'cbr:vaults:listProjectTags', run: showVaultProjectTag },
  ShowVaultResourceInstances: {
    action: 'cbr:vaults:listResourceInstances',
    run: showVaultResourceInstances,
    reads: true,
  },
  ShowVaultTag: { action: 'cbr:vaults:getTags', run: showVaultTag },
  // restore points
  CopyCheckpoint: { action: 'cbr:vaults:replicate', run: copyCheckpoint },
  CreateCheckpoint: { action: 'cbr:vaults:backup', run: createCheckpoint },
  ImportCheckpoint: { action: 'cbr:vaults:sync', run: importCheckpoint },
  ShowCheckpoint: { action: 'cbr:backups:get', run: showCheckpoint },
  // sharing
  AddMember: { action: 'cbr:member:create', run: addMember, exists: seenBackup },
  DeleteMember: { action: 'cbr:member:delete', run: deleteMember },
  ListDomainProjects: { action: 'cbr:member:create', run: listDomainProjects },
  ShowDomain: { action: 'cbr:member:get', run: showDomain },
  ShowMemberDetail: { action: 'cbr:member:get', run: showMemberDetail },
  ShowMembersDetail: { action: 'cbr:member:list', run: showMembersDetail, exists: sharedBackup },
  UpdateMemberStatus: { action: 'cbr:member:update', run: updateMemberStatus, exists: sharedBackup },
  // backups
  CopyBackup: { action: 'cbr:backups:replicate', run: copyBackup, exists: seenBackup },
  DeleteBackup: { action: 'cbr:backups:delete', run: deleteBackup },
  ImportBackup: { action: 'cbr:backups:sync', run: importBackup },
  ListBackups: { action: 'cbr:backups:list', run: listBackups },
  RestoreBackup: { action: 'cbr:backups:restore', run: restoreBackup, exists: seenBackup },
  ShowBackup: { action: 'cbr:backups:get', run: showBackup },
  ShowMetadata: { action: 'cbr:backups:get', run: showMetadata },
  UpdateBackup: { action: 'cbr:backups:update', run: updateBackup, exists: seenBackup },
  // policies
  CreatePolicy: { action: 'cbr:policies:create', run: createPolicy },
  DeletePolicy: { action: 'cbr:policies:delete', run: deletePolicy },
  ListPolicies: { action: 'cbr:policies:list', run: listPolicies },
  ShowPolicy: { action: 'cbr:policies:get', run: showPolicy },
  UpdatePolicy: { action: 'cbr:policies:update', run: updatePolicy, exists: existingPolicy },
  // organization policies
  CreateOrganizationPolicy: { action: 'cbr:organizationPolicies:create', run: createOrganizationPolicy },
  DeleteOrganizationPolicy: { action: 'cbr:organizationPolicies:delete', run: deleteOrganizationPolicy },
  ListOrganizationPolicies: { action: 'cbr:organizationPolicies:list', run: listOrganizationPolicies },
  ListOrganizationPolicyDetail: { action: 'cbr:organizationPolicies:get', run: listOrganizationPolicyDetail },
  ShowOrganizationPolicy: { action: 'cbr:organizationPolicies:get', run: showOrganizationPolicy },
  UpdateOrganizationPolicy: {
    action: 'cbr:organizationPolicies:update',
    run: updateOrganizationPolicy,
    exists: existingOrganizationPolicy,
  },
  // tasks
  ListOpLogs: { action: 'cbr:tasks:list', run: listOpLogs },
  ShowOpLog: { action: 'cbr:tasks:get', run: showOpLog },
  // protection and replication capability
  ListProtectable: { action: 'cbr:vaults:listProtectables', run: listProtectable },
  ShowProtectable: { action: 'cbr:vaults:getProtectables', run: showProtectable },
  ShowReplicationCapabilities: { action: 'cbr:backups:queryReplicationCapability', run: showReplicationCapabilities },
  // agents
  AddAgentPath: { action: 'cbr:agents:update', run: addAgentPath, exists: ownedAgent },
  CheckAgent: { action: 'cbr:backups:checkAgent', run: checkAgent, reads: true },
  ListAgent: { action: 'cbr:agents:list', run: listAgent },
  RegisterAgent: { action: 'cbr:agents:create', run: registerAgent },
  RemoveAgentPath: { action: 'cbr:agents:update', run: removeAgentPath, exists: ownedAgent },
  ShowAgent: { action: 'cbr:agents:get', run: showAgent },
  UnregisterAgent: { action: 'cbr:agents:delete', run: unregisterAgent },
  UpdateAgent: { action: 'cbr:agents:update', run: updateAgent, exists: ownedAgent },
  // others
  ChangeOrder: { action: 'cbr:vaults:update', run: changeOrder },
  ListFeatures: { action: ANYONE, run: listFeatures },
  ListProjects: { action: ANYONE, run: listProjects },
  MigrateDomain: { action: 'cbr:migrates:create', run: migrateDomain },
  ShowFeature: { action: ANYONE, run: showFeature },
  ShowMigrateStatus: { action: 'cbr:migrates:get', run: showMigrateStatus },
  ShowStorageUsage: { action: 'cbr:vaults:list', run: showStorageUsage },
  UpdateOrder: { action: 'cbr:vaults:update', run: updateOrder },
}
