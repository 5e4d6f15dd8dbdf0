import type { AgentRecord } from '../../ports/catalog/agent.ts'
import type { AppliedPolicyRecord } from '../../ports/catalog/applied-policy.ts'
import type { AuditRecord } from '../../ports/catalog/audit.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { CheckpointRecord } from '../../ports/catalog/checkpoint.ts'
import type { DeliveryRecord } from '../../ports/catalog/delivery.ts'
import type { DiskRecord, ServerRecord } from '../../ports/catalog/disk.ts'
import type { ExportSessionRecord } from '../../ports/catalog/export-session.ts'
import type { ImageRecord } from '../../ports/catalog/image.ts'
import type { JobRecord } from '../../ports/catalog/job.ts'
import type { MemberRecord } from '../../ports/catalog/member.ts'
import type { OperationLogRecord } from '../../ports/catalog/operation-log.ts'
import type { OrganizationPolicyRecord } from '../../ports/catalog/organization-policy.ts'
import type { PolicyRecord } from '../../ports/catalog/policy.ts'
import type { ReplicationRecord } from '../../ports/catalog/replication.ts'
import type { ResourceRecord } from '../../ports/catalog/resource.ts'
import type { TagRecord } from '../../ports/catalog/tag.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import type { WebhookRecord } from '../../ports/catalog/webhook.ts'
import type { RowOf } from './table.ts'

/** A tag as it lies in the table, with its project beside it so that a project's tags are found without its vaults. */
export interface StoredTag extends TagRecord {
  readonly projectId: string
}

/** An operation log as it lies in the table: what it was about stands in columns, for the filters. */
export interface StoredLog extends Omit<OperationLogRecord, 'resource'> {
  readonly resourceId: string
  readonly resourceName: string
  readonly resourceType: string
}

/** What Kysely knows of the schema (migrations/ make it). */
export interface Tables {
  readonly vault: RowOf<VaultRecord>
  readonly resource: RowOf<ResourceRecord>
  readonly tag: RowOf<StoredTag>
  readonly checkpoint: RowOf<CheckpointRecord>
  readonly backup: RowOf<BackupRecord>
  readonly member: RowOf<MemberRecord>
  readonly operation_log: RowOf<StoredLog>
  readonly job: RowOf<JobRecord>
  readonly image: RowOf<ImageRecord>
  readonly disk: RowOf<DiskRecord>
  readonly server: RowOf<ServerRecord>
  readonly audit: RowOf<AuditRecord>
  readonly policy: RowOf<PolicyRecord>
  readonly organization_policy: RowOf<OrganizationPolicyRecord>
  readonly applied_policy: RowOf<AppliedPolicyRecord>
  readonly agent: RowOf<AgentRecord>
  readonly export_session: RowOf<ExportSessionRecord>
  readonly replication: RowOf<ReplicationRecord>
  readonly webhook: RowOf<WebhookRecord>
  readonly delivery: RowOf<DeliveryRecord>
  readonly migration: { readonly number: number }
}
