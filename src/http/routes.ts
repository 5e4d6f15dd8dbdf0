/**
 * The map of the service: every operation of the contract, the IAM action it needs in the project of the path
 * (contract/roles.md), and the use case behind it.
 */
import type { OperationId } from '../contract/operations.gen.ts'
import { addMember } from '../control/member/add-member.ts'
import { deleteMember } from '../control/member/delete-member.ts'
import { findOfferable } from '../control/member/find-shared.ts'
import { showMemberDetail } from '../control/member/show-member-detail.ts'
import { showMembersDetail } from '../control/member/show-members-detail.ts'
import { updateMemberStatus } from '../control/member/update-member-status.ts'
import type { ProjectCaller, UseCase } from '../control/use-case.ts'
import type { Ports } from '../ports/ports.ts'

/** Needs no role: any authenticated user. */
export const ANYONE = 'anyone'

export interface Offered<O extends OperationId> {
  readonly action: string
  readonly run: UseCase<O, keyof Ports>
  /** Refuses when the object of the path is missing; asked when the rest of the request does not fit (handle.ts). */
  readonly exists?: Finder
  /** Changes nothing although its method says so: leaves no audit trail. */
  readonly reads?: true
}

/** Answered 501 with the reason. */
export interface Later {
  readonly action: string
  readonly later: string
}

export type Route<O extends OperationId> = Offered<O> | Later

type Finder = (ports: Ports, caller: ProjectCaller, path: Readonly<Record<string, string>>) => Promise<void>

const seenBackup: Finder = (ports, caller, path) => findOfferable(ports, caller, path.backup_id ?? '')

const POLICIES = 'policies and schedules come with a later version'
const REPLICATION = 'replication to other regions comes with a later version'
const AGENTS = 'backups of files by agents come with a later version'
const BILLING = 'there is no billing here'
const LANDING = 'it is being built'

export const routes: { readonly [O in OperationId]: Route<O> } = {
  // vaults
  AddVaultResource: { action: 'cbr:vaults:addResources', later: LANDING },
  AssociateVaultPolicy: { action: 'cbr:vaults:associatePolicy', later: POLICIES },
  BatchUpdateVault: { action: 'cbr:vaults:update', later: LANDING },
  ChangeVaultChargeMode: { action: 'cbr:vaults:update', later: BILLING },
  CreatePostPaidVault: { action: 'cbr:vaults:create', later: BILLING },
  CreateVault: { action: 'cbr:vaults:create', later: LANDING },
  DeleteVault: { action: 'cbr:vaults:delete', later: LANDING },
  DisassociateVaultPolicy: { action: 'cbr:vaults:dissociatePolicy', later: POLICIES },
  ListExternalVault: { action: 'cbr:vaults:list', later: LANDING },
  ListVault: { action: 'cbr:vaults:list', later: LANDING },
  MigrateVaultResource: { action: 'cbr:vaults:migrateResources', later: LANDING },
  RemoveVaultResource: { action: 'cbr:vaults:removeResources', later: LANDING },
  SetVaultResource: { action: 'cbr:vaults:setResources', later: LANDING },
  ShowSummary: { action: 'cbr:vaults:list', later: LANDING },
  ShowVault: { action: 'cbr:vaults:get', later: LANDING },
  UpdateExpirationTime: { action: 'cbr:vaults:update', later: LANDING },
  UpdateVault: { action: 'cbr:vaults:update', later: LANDING },
  // tags
  BatchCreateAndDeleteVaultTags: { action: 'cbr:vaults:bulkCreateOrDeleteTags', later: LANDING },
  CreateVaultTags: { action: 'cbr:vaults:setTags', later: LANDING },
  DeleteVaultTag: { action: 'cbr:vaults:deleteTags', later: LANDING },
  ShowVaultProjectTag: { action: 'cbr:vaults:listProjectTags', later: LANDING },
  ShowVaultResourceInstances: { action: 'cbr:vaults:listResourceInstances', later: LANDING },
  ShowVaultTag: { action: 'cbr:vaults:getTags', later: LANDING },
  // restore points
  CopyCheckpoint: { action: 'cbr:vaults:replicate', later: REPLICATION },
  CreateCheckpoint: { action: 'cbr:vaults:backup', later: LANDING },
  ImportCheckpoint: { action: 'cbr:vaults:sync', later: REPLICATION },
  ShowCheckpoint: { action: 'cbr:backups:get', later: LANDING },
  // sharing
  AddMember: { action: 'cbr:member:create', run: addMember, exists: seenBackup },
  DeleteMember: { action: 'cbr:member:delete', run: deleteMember },
  ListDomainProjects: { action: 'cbr:member:create', later: LANDING },
  ShowDomain: { action: 'cbr:member:get', later: LANDING },
  ShowMemberDetail: { action: 'cbr:member:get', run: showMemberDetail },
  ShowMembersDetail: { action: 'cbr:member:list', run: showMembersDetail, exists: seenBackup },
  UpdateMemberStatus: { action: 'cbr:member:update', run: updateMemberStatus, exists: seenBackup },
  // backups
  CopyBackup: { action: 'cbr:backups:replicate', later: REPLICATION },
  DeleteBackup: { action: 'cbr:backups:delete', later: LANDING },
  ImportBackup: { action: 'cbr:backups:sync', later: REPLICATION },
  ListBackups: { action: 'cbr:backups:list', later: LANDING },
  RestoreBackup: { action: 'cbr:backups:restore', later: LANDING },
  ShowBackup: { action: 'cbr:backups:get', later: LANDING },
  ShowMetadata: { action: 'cbr:backups:get', later: LANDING },
  UpdateBackup: { action: 'cbr:backups:update', later: LANDING },
  // policies
  CreatePolicy: { action: 'cbr:policies:create', later: POLICIES },
  DeletePolicy: { action: 'cbr:policies:delete', later: POLICIES },
  ListPolicies: { action: 'cbr:policies:list', later: POLICIES },
  ShowPolicy: { action: 'cbr:policies:get', later: POLICIES },
  UpdatePolicy: { action: 'cbr:policies:update', later: POLICIES },
  // organization policies
  CreateOrganizationPolicy: { action: 'cbr:organizationPolicies:create', later: POLICIES },
  DeleteOrganizationPolicy: { action: 'cbr:organizationPolicies:delete', later: POLICIES },
  ListOrganizationPolicies: { action: 'cbr:organizationPolicies:list', later: POLICIES },
  ListOrganizationPolicyDetail: { action: 'cbr:organizationPolicies:get', later: POLICIES },
  ShowOrganizationPolicy: { action: 'cbr:organizationPolicies:get', later: POLICIES },
  UpdateOrganizationPolicy: { action: 'cbr:organizationPolicies:update', later: POLICIES },
  // tasks
  ListOpLogs: { action: 'cbr:tasks:list', later: LANDING },
  ShowOpLog: { action: 'cbr:tasks:get', later: LANDING },
  // protection and replication capability
  ListProtectable: { action: 'cbr:vaults:listProtectables', later: LANDING },
  ShowProtectable: { action: 'cbr:vaults:getProtectables', later: LANDING },
  ShowReplicationCapabilities: { action: 'cbr:backups:queryReplicationCapability', later: LANDING },
  // agents
  AddAgentPath: { action: 'cbr:agents:update', later: AGENTS },
  CheckAgent: { action: 'cbr:backups:checkAgent', later: AGENTS },
  ListAgent: { action: 'cbr:agents:list', later: AGENTS },
  RegisterAgent: { action: 'cbr:agents:create', later: AGENTS },
  RemoveAgentPath: { action: 'cbr:agents:update', later: AGENTS },
  ShowAgent: { action: 'cbr:agents:get', later: AGENTS },
  UnregisterAgent: { action: 'cbr:agents:delete', later: AGENTS },
  UpdateAgent: { action: 'cbr:agents:update', later: AGENTS },
  // others
  ChangeOrder: { action: 'cbr:vaults:update', later: BILLING },
  ListFeatures: { action: ANYONE, later: LANDING },
  ListProjects: { action: ANYONE, later: LANDING },
  MigrateDomain: { action: 'cbr:migrates:create', later: REPLICATION },
  ShowFeature: { action: ANYONE, later: LANDING },
  ShowMigrateStatus: { action: 'cbr:migrates:get', later: REPLICATION },
  ShowStorageUsage: { action: 'cbr:vaults:list', later: LANDING },
  UpdateOrder: { action: 'cbr:vaults:update', later: BILLING },
}
