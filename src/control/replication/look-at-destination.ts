import { refuse } from '../../contract/errors.ts'
import type { Records } from '../../ports/catalog/catalog.ts'
import { Fault } from '../../ports/fault.ts'
import type { Ports } from '../../ports/ports.ts'
import type { ReplicaGround } from '../../ports/replicas.ts'
import type { ProjectCaller } from '../use-case.ts'
import { checkRegion, type Destination } from './replication-rules.ts'

type Reach = 'identity' | 'replicas' | 'settings'

/** Whether replicas of the caller's backups may go there at all: 1005, 1011. */
export async function checkDestination(
  ports: Pick<Ports, Reach>,
  caller: Pick<ProjectCaller, 'projectId' | 'userId' | 'domainId'>,
  destination: Omit<Destination, 'vaultId'>,
): Promise<void> {
  const { region, projectId } = destination
  checkRegion(ports.replicas, region)
  const mayGo =
    region === ports.settings.region
      ? await isOneOfTheCallers(ports, caller, projectId)
      : ports.replicas.peer(region)?.allows(caller.projectId, projectId)
  if (!mayGo) refuse('1011', { project: projectId })
}

/** Its own, or one of its account in which the caller holds a role. */
async function isOneOfTheCallers(
  { identity }: Pick<Ports, 'identity'>,
  caller: Pick<ProjectCaller, 'projectId' | 'userId' | 'domainId'>,
  projectId: string,
): Promise<boolean> {
  if (projectId === caller.projectId) return true
  const projects = await identity.projectsOfUser(caller.userId)
  return projects.some(({ id, domainId }) => id === projectId && domainId === caller.domainId)
}

/** What is there now: asked before the transaction, since it may be a network away. 6118 where nobody answers. */
export async function lookAt(
  { replicas, settings }: Pick<Ports, Exclude<Reach, 'identity'>>,
  { region, projectId, vaultId }: Destination,
  earlier: EarlierReplicas,
): Promise<ReplicaGround> {
  const door = region === settings.region ? replicas.own : replicas.peer(region)?.door
  if (door === undefined) refuse('1005', { region })
  try {
    const ground = await door.look({ projectId, vaultId, backupIds: earlier.get(projectId) ?? [] })
    const existing = [...ground.existing]
    for (const [other, backupIds] of earlier) {
      if (other !== projectId) existing.push(...(await door.look({ projectId: other, vaultId, backupIds })).existing)
    }
    return { ...ground, existing }
  } catch (error) {
    if (error instanceof Fault) refuse('6118', { region, vault: vaultId })
    throw error
  }
}

/** Ids of replicas, by the project that they were made in. */
export type EarlierReplicas = ReadonlyMap<string, readonly string[]>

/** The replicas in that region that are known of these backups. */
export async function earlierReplicas(
  records: Pick<Records, 'replications'>,
  backupIds: readonly string[],
  region: string,
): Promise<EarlierReplicas> {
  const known = await records.replications.ofBackups(backupIds)
  const wanted = new Set(backupIds)
  const made = known.filter(
    record =>
      record.destinationBackupId !== undefined &&
      record.destinationRegion === region &&
      wanted.has(record.sourceBackupId),
  )
  const byProject = Map.groupBy(made, record => record.destinationProjectId)
  return new Map(
    [...byProject].map(([project, some]) => [project, some.flatMap(record => record.destinationBackupId ?? [])]),
  )
}
