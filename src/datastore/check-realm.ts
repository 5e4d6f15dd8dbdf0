/**
 * All that a realm has stored, checked: the index, the manifests, and pack by pack what lies in them. Meant to run beside
 * everything else: what is moved or deleted meanwhile is no damage.
 */
import { checkManifests } from './check-manifests.ts'
import { readChunksOf, readTableOf } from './check-pack.ts'
import { viewOf } from './chunk-index.ts'
import type { Checked, CheckRequest, DamagedChunk, DamagedObject } from './datastore.ts'
import type { ChunkProblem } from './fetch-chunks.ts'
import { paceOf } from './pace.ts'
import type { Realm } from './realms.ts'
import { listPacks, readSegment } from './store-view.ts'
import { withBackups } from './touched.ts'

export async function checkRealm(realm: Realm, request: CheckRequest): Promise<Checked> {
  await realm.index.refresh({ packs: true })
  const segments = (await badSegments(realm)).map(corruptSegment)
  const manifests = await checkManifests(realm, request.signal)
  const packs = await checkPacks(realm, request)
  const damaged = await damagedChunks(realm, [...manifests.problems, ...packs.problems], request.signal)
  return {
    manifests: manifests.manifests,
    chunks: manifests.chunks,
    packs: packs.packs,
    readBytes: packs.readBytes,
    damaged,
    problems: [...segments, ...manifests.objects, ...packs.objects],
  }
}

/** Those that could not be read when they were loaded, and those that have gone bad since. */
async function badSegments(realm: Realm): Promise<readonly string[]> {
  const bad = [...realm.index.corruptSegments()]
  for (const { id } of realm.index.segments()) if ((await readSegment(realm, id)) === 'corrupt') bad.push(id)
  return bad
}

const corruptSegment = (id: string): DamagedObject => ({
  object: 'index segment',
  id,
  what: 'it is not what was written; the tables of its packs make up for it',
  backups: [],
})

async function checkPacks(realm: Realm, request: CheckRequest) {
  const { after = '', signal } = request
  const pace = paceOf(request.bytesPerSecond)
  const objects: DamagedObject[] = []
  const problems: ChunkProblem[] = []
  let [packs, readBytes] = [0, 0]
  for (const [id, bytes] of [...(await listPacks(realm))].sort(([a], [b]) => (a < b ? -1 : 1))) {
    packs += 1
    if (id <= after) continue
    signal?.throwIfAborted()
    const table = await readTableOf(realm, { id, bytes })
    if (table === undefined) continue
    if (table.what !== undefined) objects.push({ object: 'pack', id, what: table.what, backups: [] })
    if (request.read) {
      for await (const { name, what } of readChunksOf(realm, id, table.chunks, { pace, signal })) {
        if (noted(realm, name, id, what) && what) problems.push({ chunk: name.toString('hex'), pack: id, what })
      }
      readBytes += bytes
      await realm.index.damage.write()
    }
    await request.onPack?.(id)
  }
  if (request.read) await realm.index.damage.tidy(({ pack }) => realm.index.packs.has(pack))
  return { objects, problems, packs, readBytes }
}

/** Keeps what is known of damage in line with what was just read; whether it is damaged. */
export function noted({ index, log }: Realm, name: Buffer, pack: string, what: string | undefined): boolean {
  const place = { chunk: name.toString('hex'), pack }
  if (what === undefined) {
    if (index.damage.has(place)) index.damage.mended(place)
    return false
  }
  log.error({ ...place, what }, 'a chunk is damaged')
  index.doubt(index.chunks.idOf(viewOf(name), 0), pack)
  return true
}

/**
 * What was found now, and what earlier checks have noted, with the backups it touches: without what another pack has as
 * well, and without lost chunks that nothing refers to any more.
 */
async function damagedChunks(
  realm: Realm,
  found: readonly ChunkProblem[],
  signal: AbortSignal | undefined,
): Promise<readonly DamagedChunk[]> {
  const { chunks, packs, damage } = realm.index
  const before = damage.places().map(place => ({ ...place, what: 'an earlier check found it damaged' }))
  const problems = new Map([...before, ...found].map(problem => [problem.chunk + problem.pack, problem]))
  const open = [...problems.values()].filter(({ chunk, pack }) => {
    const name = Buffer.from(chunk, 'hex')
    const id = chunks.find(viewOf(name), 0)
    return (packs.at(id < 0 ? -1 : chunks.packOf(id))?.id ?? '') === pack
  })
  const damaged = await withBackups(realm, open, signal)
  return damaged.filter(({ pack, backups }) => backups.length > 0 || packs.has(pack))
}
