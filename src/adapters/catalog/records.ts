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
export const recordsOf = (session: Session): Records => new SessionRecords(session)

/** A class, so that its getters are made once: an object with 21 of its own takes longer to make than a row to write. */
class SessionRecords implements Records {
  // Not #private: an object that inherits from this one (http/audited.ts) is no instance.
  private readonly session: Session

  constructor(session: Session) {
    this.session = session
  }

  get vaults() {
    return vaultsOf(this.session)
  }

  get resources() {
    return resourcesOf(this.session)
  }

  get tags() {
    return tagsOf(this.session)
  }

  get checkpoints() {
    return checkpointsOf(this.session)
  }

  get backups() {
    return backupsOf(this.session)
  }

  get members() {
    return membersOf(this.session)
  }

  get operationLogs() {
    return operationLogsOf(this.session)
  }

  get jobs() {
    return jobsOf(this.session)
  }

  get images() {
    return imagesOf(this.session)
  }

  get disks() {
    return disksOf(this.session)
  }

  get servers() {
    return serversOf(this.session)
  }

  get audits() {
    return auditsOf(this.session)
  }

  get policies() {
    return policiesOf(this.session)
  }

  get organizationPolicies() {
    return organizationPoliciesOf(this.session)
  }

  get appliedPolicies() {
    return appliedPoliciesOf(this.session)
  }

  get agents() {
    return agentsOf(this.session)
  }

  get aging() {
    return agingOf(this.session)
  }

  get exportSessions() {
    return exportSessionsOf(this.session)
  }

  get replications() {
    return replicationsOf(this.session)
  }

  get webhooks() {
    return webhooksOf(this.session)
  }

  get deliveries() {
    return deliveriesOf(this.session)
  }
}
