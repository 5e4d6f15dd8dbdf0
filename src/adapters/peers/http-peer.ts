/** Another OpenCBR as a place for replicas: `src/http/replica-routes.ts` of the other side. Its answers are not trusted. */
import { Fault } from '../../ports/fault.ts'
import type { BegunReplica, Peer, ReplicaDoor, ReplicaGround, ReplicaVault, Upload } from '../../ports/replicas.ts'
import { encodeChunks, HASH_BYTES } from '../../replica-wire/chunk-frames.ts'
import { openPeerClient, type PeerAccess, type PeerClient } from './peer-client.ts'

export interface PeerSettings extends PeerAccess {
  /** By project here: those there that its replicas may go to. */
  readonly projects: Readonly<Record<string, readonly string[]>>
}

/** What storing chunks, reading a manifest's pages and ending a replica may take. */
const WORK_PATIENCE_MS = 5 * 60_000

export function openHttpPeer(settings: PeerSettings): Peer {
  const { region, projects } = settings
  const client = openPeerClient(settings)
  return {
    region,
    door: doorOf(client, region),
    allows: (from, to) => Object.hasOwn(projects, from) && (projects[from] ?? []).includes(to),
    async vaults(projectId, query) {
      const path = `/v3/${projectId}/vaults?${new URLSearchParams(query)}`
      const { vaults, count } = objectIn(region, await client(projectId, { method: 'GET', path }))
      if (!Array.isArray(vaults) || typeof count !== 'number') throw strange(region)
      return { vaults: vaults.filter(isObject), count }
    },
  }
}

function doorOf(client: PeerClient, region: string): ReplicaDoor {
  const placeOf = ({ projectId, id }: Upload) => `/opencbr/v1/${projectId}/replicas/${id}`
  return {
    async look({ projectId, ...asked }) {
      const path = `/opencbr/v1/${projectId}/replicas/look`
      return groundIn(region, await client(projectId, { method: 'POST', path, body: JSON.stringify(asked) }))
    },
    async begin(order) {
      const { projectId } = order
      const path = `/opencbr/v1/${projectId}/replicas`
      const answer = await client(projectId, { method: 'POST', path, body: JSON.stringify(order) })
      return begunIn(region, answer, { projectId, disks: order.backup.disks.length })
    },
    async missing(upload, { kind, hashes }) {
      const path = `${placeOf(upload)}/missing?kind=${kind}`
      const request = { method: 'POST', path, body: hashes, patience: WORK_PATIENCE_MS } as const
      const missing = await client(upload.projectId, request)
      if (missing.length !== hashes.length / HASH_BYTES) throw strange(region)
      return missing
    },
    async store(upload, chunks) {
      const body = await encodeChunks(chunks)
      const path = `${placeOf(upload)}/chunks`
      await client(upload.projectId, { method: 'POST', path, body, patience: WORK_PATIENCE_MS })
    },
    async putDisk(upload, { backupId, sizeBytes, pages }) {
      const path = `${placeOf(upload)}/disks/${backupId}?bytes=${sizeBytes}`
      const request = { method: 'PUT', path, body: pages, patience: WORK_PATIENCE_MS } as const
      const { digest } = objectIn(region, await client(upload.projectId, request))
      return typeof digest === 'string' ? { digest } : fail(region)
    },
    async finish(upload) {
      await client(upload.projectId, { method: 'POST', path: `${placeOf(upload)}/finish`, patience: WORK_PATIENCE_MS })
    },
    async abandon(upload, failure) {
      const path = `${placeOf(upload)}/abandon`
      await client(upload.projectId, { method: 'POST', path, body: JSON.stringify(failure) })
    },
  }
}

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const strange = (region: string): Fault => new Fault('unavailable', `region ${region} answers something else`)

function fail(region: string): never {
  throw strange(region)
}

function objectIn(region: string, body: Buffer): Fields {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isObject(value) ? value : fail(region)
  } catch (error) {
    if (error instanceof SyntaxError) throw strange(region)
    throw error
  }
}

function groundIn(region: string, body: Buffer): ReplicaGround {
  const { vault, existing } = objectIn(region, body)
  if (!Array.isArray(existing)) throw strange(region)
  const ids = existing.filter(id => typeof id === 'string')
  if (vault === undefined) return { existing: ids }
  const { status, objectType, protectType, freeBytes } = isObject(vault) ? vault : fail(region)
  if ([status, objectType, protectType].some(word => typeof word !== 'string')) throw strange(region)
  if (typeof freeBytes !== 'number') throw strange(region)
  // Words that are compared with ours; one that is none of them refuses.
  return { vault: { status, objectType, protectType, freeBytes } as ReplicaVault, existing: ids }
}

function begunIn(
  region: string,
  body: Buffer,
  asked: { readonly projectId: string; readonly disks: number },
): BegunReplica {
  const { upload, backupId, checkpointId, disks, finished } = objectIn(region, body)
  const id = isObject(upload) ? upload.id : undefined
  const isFinished = finished === true
  const count = isFinished ? 0 : asked.disks
  if (!isId(backupId) || !isId(checkpointId) || !Array.isArray(disks) || !disks.every(isId)) throw strange(region)
  if (!(isFinished || isId(id)) || disks.length !== count) throw strange(region)
  return {
    upload: { projectId: asked.projectId, id: isId(id) ? id : '' },
    backupId,
    checkpointId,
    disks,
    finished: isFinished,
  }
}

/** They become parts of paths and of rows. */
const isId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f-]{36}$/.test(value)
