/** Records for the tests of the catalog: plausible, complete, and different wherever they can be. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { AppliedPolicyRecord } from '../../ports/catalog/applied-policy.ts'
import type { AuditRecord } from '../../ports/catalog/audit.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { CheckpointRecord } from '../../ports/catalog/checkpoint.ts'
import type { DiskRecord, ServerRecord } from '../../ports/catalog/disk.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'
import type { JobRecord } from '../../ports/catalog/job.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import type { OperationLogRecord } from '../../ports/catalog/operation-log.ts'
import type { PolicyRecord } from '../../ports/catalog/policy.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'

export const aProject = (): string => randomBytes(16).toString('hex')

/** The given number of minutes after a fixed day's beginning. */
export const at = (minutes: number): Date => new Date(Date.UTC(2026, 10, 23) + minutes * 60_000)

export const aVault = (projectId: string, fields: Partial<VaultRecord> = {}): VaultRecord => ({
  id: randomUUID(),
  projectId,
  name: 'vault-612c',
  description: '',
  userId: 'alice',
  createdAt: at(0),
  updatedAt: at(1),
  status: 'available',
  objectType: 'server',
  protectType: 'backup',
  consistentLevel: 'crash_consistent',
  cloudType: 'public',
  chargingMode: 'post_paid',
  sizeGb: 100,
  usedBytes: 0,
  isMultiAz: false,
  autoBind: true,
  autoExpand: false,
  smnNotify: true,
  threshold: 80,
  locked: false,
  demandBilling: false,
  enterpriseProjectId: '0',
  bindTags: [{ key: 'team', value: 'blue' }],
  ...fields,
})

export const aResource = (vault: VaultRecord, fields: Partial<ResourceRecord> = {}): ResourceRecord => ({
  vaultId: vault.id,
  projectId: vault.projectId,
  id: randomUUID(),
  type: 'OS::Nova::Server',
  name: 'db-01',
  sizeBytes: 3 * 2 ** 40 + 1,
  protectStatus: 'available',
  autoProtect: true,
  excludeVolumes: ['d1'],
  includeVolumes: [{ id: 'd2', os_version: 'Debian' }, { id: 'd3' }],
  addedAt: at(2),
  backupBytes: 0,
  backupCount: 0,
  ...fields,
})

export const aCheckpoint = (vault: VaultRecord, fields: Partial<CheckpointRecord> = {}): CheckpointRecord => ({
  id: randomUUID(),
  projectId: vault.projectId,
  vaultId: vault.id,
  vaultName: vault.name,
  name: 'checkpoint',
  description: 'before the upgrade',
  status: 'protecting',
  createdAt: at(3),
  autoTrigger: false,
  incremental: true,
  retentionDays: -1,
  resources: [{ id: 'r', type: 'OS::Nova::Server', name: 'db-01', sizeBytes: 5 }],
  skipped: [{ id: 's', type: 'OS::Nova::Server', name: 'db-02', code: '7101', reason: 'off' }],
  ...fields,
})

export const aBackup = (vault: VaultRecord, fields: Partial<BackupRecord> = {}): BackupRecord => ({
  id: randomUUID(),
  projectId: vault.projectId,
  vaultId: vault.id,
  checkpointId: randomUUID(),
  name: 'manualbk_1a2b',
  description: '',
  status: 'available',
  imageType: 'backup',
  resourceId: 'r',
  resourceName: 'db-01',
  resourceType: 'OS::Nova::Server',
  resourceSizeBytes: 2 ** 40,
  resourceAz: 'az-1',
  incremental: true,
  full: false,
  createdAt: at(4),
  updatedAt: at(5),
  autoTrigger: false,
  systemDisk: false,
  bootable: true,
  encrypted: false,
  containSystemDisk: true,
  enterpriseProjectId: '0',
  storedBytes: 2 ** 31,
  fullBytes: 2 ** 41,
  uses: 0,
  ...fields,
})

export const aMember = (backup: BackupRecord, fields: Partial<MemberRecord> = {}): MemberRecord => ({
  id: randomUUID(),
  backupId: backup.id,
  destProjectId: aProject(),
  status: 'pending',
  createdAt: at(6),
  chargedBytes: 0,
  ...fields,
})

export const aLog = (projectId: string, fields: Partial<OperationLogRecord> = {}): OperationLogRecord => ({
  id: randomUUID(),
  projectId,
  type: 'backup',
  status: 'running',
  createdAt: at(7),
  startedAt: at(7),
  updatedAt: at(8),
  errorCode: '',
  errorMessage: '',
  progress: 40,
  requestId: `req-${randomUUID()}`,
  resource: { id: 'r', name: 'db-01', type: 'OS::Nova::Server' },
  detail: { backup: { backup_id: 'b', backup_name: 'manualbk_1a2b' } },
  ...fields,
})

export const aJob = (fields: Partial<JobRecord> = {}): JobRecord => ({
  id: randomUUID(),
  kind: 'take-backup',
  projectId: aProject(),
  payload: { backupId: 'b', targets: [{ diskId: 'd' }], powerOn: true },
  createdAt: at(9),
  runAfter: at(9),
  attempts: 0,
  ...fields,
})

export const anImage = (backup: BackupRecord, fields: Partial<ImageRecord> = {}): ImageRecord => ({
  id: randomUUID(),
  projectId: backup.projectId,
  backupId: backup.id,
  name: 'golden',
  description: '',
  status: 'queued',
  jobId: randomUUID(),
  createdAt: at(10),
  updatedAt: at(10),
  minDiskGb: 40,
  sizeBytes: 40 * 2 ** 30,
  tags: ['a', 'b'],
  ...fields,
})

export const aDisk = (projectId: string, fields: Partial<DiskRecord> = {}): DiskRecord => ({
  id: randomUUID(),
  projectId,
  name: 'db-01-root',
  description: '',
  sizeBytes: 10 * 2 ** 30,
  path: '/disks/db-01.raw',
  format: 'raw',
  status: 'available',
  bootable: true,
  availabilityZone: 'az-1',
  volumeType: 'local',
  createdAt: at(11),
  updatedAt: at(11),
  managed: false,
  metadata: { purpose: 'root' },
  ...fields,
})

export const aServer = (projectId: string, fields: Partial<ServerRecord> = {}): ServerRecord => ({
  id: randomUUID(),
  projectId,
  name: 'db-01',
  status: 'ACTIVE',
  availabilityZone: 'az-1',
  createdAt: at(12),
  ...fields,
})

export const aPolicy = (projectId: string, fields: Partial<PolicyRecord> = {}): PolicyRecord => ({
  id: randomUUID(),
  projectId,
  name: 'nightly',
  enabled: true,
  operationType: 'backup',
  definition: { max_backups: 7, day_backups: 0, timezone: 'UTC+08:00' },
  triggerId: randomUUID(),
  patterns: ['FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=00'],
  createdAt: at(14),
  updatedAt: at(15),
  ...fields,
})

export const anApplied = (
  policy: PolicyRecord,
  vault: VaultRecord,
  fields: Partial<AppliedPolicyRecord> = {},
): AppliedPolicyRecord => ({
  vaultId: vault.id,
  operationType: policy.operationType,
  projectId: policy.projectId,
  policyId: policy.id,
  ...fields,
})

export const anAudit = (projectId: string, fields: Partial<AuditRecord> = {}): AuditRecord => ({
  id: randomUUID(),
  at: at(13),
  projectId,
  userId: 'u',
  userName: 'alice',
  operation: 'AddMember',
  resourceId: 'b',
  sourceIp: '127.0.0.1',
  requestId: `req-${randomUUID()}`,
  status: 200,
  errorCode: '',
  ...fields,
})
