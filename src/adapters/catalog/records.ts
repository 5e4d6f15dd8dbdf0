import type { Records } from '../../ports/catalog/catalog.ts'
import { agentsOf } from './agent.ts'
import { agingOf } from './aging.ts'
import { appliedPoliciesOf } from './applied-policy.ts'
import { auditsOf } from './audit.ts'
import { backupsOf } from './backup.ts'
import { checkpointsOf } from './checkpoint.ts'
import { deliveriesOf } from './delivery.ts'
import { disksOf } from './disk.ts'
import { exportSessionsOf } from './export-session.ts'
import { imagesOf } from './image.ts'
import { jobsOf } from './job.ts'
import { membersOf } from './member.ts'
import { operationLogsOf } from './operation-log.ts'
import { organizationPoliciesOf } from './organization-policy.ts'
import { policiesOf } from './policy.ts'
import { replicationsOf } from './replication.ts'
import { resourcesOf } from './resource.ts'
import { serversOf } from './server.ts'
import type { Session } from './session.ts'
import { tagsOf } from './tag.ts'
import { vaultsOf } from './vault.ts'
import { webhooksOf } from './webhook.ts'

/** All records over one transaction; each made when it is asked for, since most changes touch three of them. */
export function recordsOf(session: Session): Records {
  return {
    get vaults() {
      return vaultsOf(session)
    },
    get resources() {
      return resourcesOf(session)
    },
    get tags() {
      return tagsOf(session)
    },
    get checkpoints() {
      return checkpointsOf(session)
    },
    get backups() {
      return backupsOf(session)
    },
    get members() {
      return membersOf(session)
    },
    get operationLogs() {
      return operationLogsOf(session)
    },
    get jobs() {
      return jobsOf(session)
    },
    get images() {
      return imagesOf(session)
    },
    get disks() {
      return disksOf(session)
    },
    get servers() {
      return serversOf(session)
    },
    get audits() {
      return auditsOf(session)
    },
    get policies() {
      return policiesOf(session)
    },
    get organizationPolicies() {
      return organizationPoliciesOf(session)
    },
    get appliedPolicies() {
      return appliedPoliciesOf(session)
    },
    get agents() {
      return agentsOf(session)
    },
    get aging() {
      return agingOf(session)
    },
    get exportSessions() {
      return exportSessionsOf(session)
    },
    get replications() {
      return replicationsOf(session)
    },
    get webhooks() {
      return webhooksOf(session)
    },
    get deliveries() {
      return deliveriesOf(session)
    },
  }
}
