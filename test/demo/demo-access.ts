/** Before anything is restored: both sides see one digest, the recipient has it checked, and reads the disk where it lies. */
import { nbdDisks } from '../../src/adapters/disks/nbd.ts'
import type { DiskReader } from '../../src/ports/disks.ts'
import { firstDifference } from './compare.ts'
import { type Body, Mismatch, type Person } from './demo-client.ts'
import { type Screen, size, throughput } from './demo-screen.ts'

interface Sides {
  readonly screen: Screen
  readonly alice: Person
  readonly bob: Person
}

/** Bytes of one read. */
const PIECE = 1024 * 1024
const MOST_AHEAD = 8

/** The digest of each disk is the root of a hash tree over its content; to verify is to compute it from what is stored. */
export async function compareDigests({ screen, alice, bob }: Sides, backupId: string): Promise<void> {
  screen.step('Both sides see the same digests; bob has all bytes read back and checked against them')
  const [hers, his] = await Promise.all([alice, bob].map(person => digestsOf(person, backupId)))
  if (hers === undefined || hers.length === 0 || JSON.stringify(hers) !== JSON.stringify(his))
    throw new Mismatch(`the digests differ: ${JSON.stringify({ hers, his })}`)
  for (const { name, digest } of hers) screen.say(`${name}: ${digest}`)
  const { job_id: jobId } = await bob.call('POST', `/opencbr/v1/{project_id}/backups/${backupId}/verify`, 202)
  const { verification } = await bob.until(
    `/opencbr/v1/{project_id}/verifications/${jobId}`,
    ({ verification: now }: Body) => now.status !== 'waiting' && now.status !== 'running',
  )
  if (verification.status !== 'success' || verification.problem_count !== 0)
    throw new Mismatch(`the verification ended as ${JSON.stringify(verification)}`)
  screen.say(`${verification.checked_chunks} of ${verification.chunks} chunks checked, no problem`)
}

async function digestsOf(person: Person, backupId: string) {
  const { backup } = await person.call('GET', `/v3/{project_id}/backups/${backupId}`, 200)
  return backup.children.map((child: Body) => ({ name: String(child.resource_name), digest: String(child.digest) }))
}

/** An NBD client reads the shared backup's disk over a socket; nothing is restored for it. */
export async function readAtOnce(
  { screen, bob }: Sides,
  of: { readonly backupId: string; readonly disk: string; readonly source: string },
): Promise<void> {
  screen.step('He reads a disk of it at once, over NBD')
  const { backup } = await bob.call('GET', `/v3/{project_id}/backups/${of.backupId}`, 200)
  const child = backup.children.find((each: Body) => each.resource_name === of.disk)
  const begun = performance.now()
  const { export: session } = await bob.call('POST', `/opencbr/v1/{project_id}/backups/${child?.id}/exports`, 201, {
    listen: 'unix',
  })
  {
    await using reader = await nbdDisks.openReader({ path: session.uri, format: 'nbd' })
    await reader.read(new Uint8Array(512), 0)
    screen.say(
      `the first bytes of ${size(reader.sizeBytes)} after ${(performance.now() - begun).toFixed(0)} ms, session and all`,
    )
    const { compared, differsAt } = await firstDifference(piecesOf(reader), of.source)
    if (differsAt !== undefined) throw new Mismatch(`the export differs from its source at byte ${differsAt}`)
    const seconds = (performance.now() - begun) / 1000
    screen.say(`read to its end, and the same byte for byte: ${size(compared)}, ${throughput(compared, seconds)}`)
  }
  await bob.call('DELETE', `/opencbr/v1/{project_id}/exports/${session.id}`, 204)
}

/** In order; what the server calls a hole is not asked for, and a few reads are under way at a time. */
async function* piecesOf(reader: DiskReader): AsyncIterable<Uint8Array> {
  const ahead: Promise<Uint8Array>[] = []
  for await (const { offset, length, data } of reader.extents()) {
    for (let at = offset; at < offset + length; at += PIECE) {
      const piece = new Uint8Array(Math.min(PIECE, offset + length - at))
      ahead.push(data ? reader.read(piece, at).then(() => piece) : Promise.resolve(piece))
      if (ahead.length === MOST_AHEAD) yield await (ahead.shift() ?? new Uint8Array())
    }
  }
  yield* await Promise.all(ahead)
}
