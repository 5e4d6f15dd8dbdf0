import type { Agents } from './agent.ts'
import type { Aging } from './aging.ts'
import type { AppliedPolicies } from './applied-policy.ts'
import type { Audits } from './audit.ts'
import type { Backups } from './backup.ts'
import type { Checkpoints } from './checkpoint.ts'
import type { Deliveries } from './delivery.ts'
import type { DiskRecords, ServerRecords } from './disk.ts'
import type { ExportSessions } from './export-session.ts'
import type { Images } from './image.ts'
import type { Jobs } from './job.ts'
import type { Members } from './member.ts'
import type { OperationLogs } from './operation-log.ts'
import type { OrganizationPolicies } from './organization-policy.ts'
import type { Policies } from './policy.ts'
import type { Replications } from './replication.ts'
import type { Resources } from './resource.ts'
import type { Tags } from './tag.ts'
import type { Vaults } from './vault.ts'
import type { Webhooks } from './webhook.ts'

/** The rows about backups. One suite (adapters/catalog/suite.ts) holds SQLite and PostgreSQL to these promises. */
export interface Catalog {
  /**
   * Runs `work` as one serializable transaction: what it read is still true when it commits, on both engines and across
   * processes. Durable when it resolves (full sync); if `work` throws, nothing of it happened and the error is passed on.
   * `work` may run more than once (a lost serialization race), so it does nothing but read and write records: no
   * network, no file, no timer. Changes that arrive together share one sync.
   */
  change<T>(work: (records: Records) => Promise<T>): Promise<T>
  /** Reads committed rows only, one consistent view; a write inside throws. */
  read<T>(look: (records: Records) => Promise<T>): Promise<T>
  /** Resolves when the engine answers; a Fault `unavailable` otherwise. */
  ready(): Promise<void>
  close(): Promise<void>
}

export interface Records {
  readonly vaults: Vaults
  readonly resources: Resources
  readonly tags: Tags
  readonly checkpoints: Checkpoints
  readonly backups: Backups
  readonly members: Members
  readonly operationLogs: OperationLogs
  readonly jobs: Jobs
  readonly images: Images
  readonly disks: DiskRecords
  readonly servers: ServerRecords
  readonly audits: Audits
  readonly policies: Policies
  readonly organizationPolicies: OrganizationPolicies
  readonly appliedPolicies: AppliedPolicies
  readonly aging: Aging
  readonly agents: Agents
  readonly exportSessions: ExportSessions
  readonly replications: Replications
  readonly webhooks: Webhooks
  readonly deliveries: Deliveries
}
