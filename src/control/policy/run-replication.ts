/**
 * What happens when a replication policy's time has come in a vault (semantics 9.2, 14): every backup that it has not
 * replicated yet goes to its destination. As with backups, a due time is dealt with once, by whoever moves it on. The
 * destination is looked at before, since it may be a network away.
 */
import { type ErrorCode, Refusal, refuse } from '../../contract/errors.ts'
import type { AppliedPolicyRecord } from '../../ports/catalog/applied-policy.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import type { PolicyRecord } from '../../ports/catalog/policy.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ReplicaGround, Retention } from '../../ports/replicas.ts'
import { lookAt } from '../replication/look-at-destination.ts'
import { earlierReplicasOfVault, replicateVault } from '../replication/replicate-vault.ts'
import { checkRegion, type Destination } from '../replication/replication-rules.ts'
import { checkChangeable } from '../vault/vault-rules.ts'
import { daysKept } from './retention.ts'
import { type DueRun, noteRun, takeDue } from './take-due.ts'

/** Answers whether there is work for the jobs now. */
export async function runReplication(
  ports: Pick<Ports, 'catalog' | 'replicas' | 'settings' | 'now'>,
  applied: AppliedPolicyRecord,
): Promise<boolean> {
  const seen = await lookFor(ports, applied)
  return ports.catalog.change(async records => {
    const run = await takeDue(records, applied, ports.now())
    if (run === undefined) return false
    try {
      if (seen instanceof Refusal) throw seen
      return await begin(records, run, { ...seen, sourceRegion: ports.settings.region })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const status = NOTHING_TO_DO.includes(error.code) ? 'skipped' : 'failed'
      await noteRun(records, run, { status, code: error.code, reason: error.message })
      return false
    }
  })
}

const NOTHING_TO_DO: readonly ErrorCode[] = ['0001', '6128', '6130']

interface Seen {
  readonly destination: Destination
  readonly ground: ReplicaGround
}

/** A refusal is logged by who takes the due time. */
async function lookFor(
  ports: Pick<Ports, 'catalog' | 'replicas' | 'settings'>,
  applied: AppliedPolicyRecord,
): Promise<Seen | Refusal> {
  try {
    const { destination, earlier } = await ports.catalog.read(async records => {
      const policy = await records.policies.find(applied.projectId, applied.policyId)
      const vault = await records.vaults.find(applied.projectId, applied.vaultId)
      if (policy === undefined || vault === undefined) refuse('6000', { policy: applied.policyId })
      const where = destinationOf(policy, applied)
      return { destination: where, earlier: await earlierReplicasOfVault(records, vault, where.region) }
    })
    checkRegion(ports.replicas, destination.region)
    const peer = ports.replicas.peer(destination.region)
    if (peer && !peer.allows(applied.projectId, destination.projectId))
      refuse('1011', { project: destination.projectId })
    return { destination, ground: await lookAt(ports, destination, earlier) }
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

export function destinationOf({ definition }: PolicyRecord, applied: Pick<AppliedPolicyRecord, 'destinationVaultId'>) {
  const { destination_region: region = '', destination_project_id: projectId = '' } = definition
  return { region, projectId, vaultId: applied.destinationVaultId ?? '' }
}

async function begin(records: Records, run: DueRun, seen: Seen & { readonly sourceRegion: string }): Promise<boolean> {
  const { vault, policy, at, requestId } = run
  checkChangeable(vault)
  const retention = retentionOf(policy, at)
  const start = { ...seen, autoTrigger: true, policy: { id: policy.id, retention }, at, requestId }
  const begun = await replicateVault(records, vault, start)
  if (begun.length === 0) refuse('0001', { vault: vault.id, reason: 'all its backups have been replicated' })
  return true
}

/** What the destination has to know of the policy's rules; those by age come down to a number of days. */
function retentionOf({ definition }: PolicyRecord, at: Date): Retention {
  const { max_backups, day_backups, week_backups, month_backups, year_backups, timezone } = definition
  const numbers = { max_backups, day_backups, week_backups, month_backups, year_backups, timezone }
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(given), retention_duration_days: daysKept(definition, at) }
}
