/** What must be true of the service once it has recovered from a crash and its tasks have ended. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from './client.ts'
import { hashOf } from './disks.ts'
import type { Random } from './random.ts'
import { idle, type KnownBackup, type ShareState, type World } from './world.ts'

const UNFINISHED = ['waiting', 'running']

/** Waits until no task of either project waits or runs: what was acknowledged is finished or refused, never stuck. */
export async function settle(clients: readonly Client[]): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const open = []
    for (const client of clients) {
      for (const status of UNFINISHED) {
        const { body } = await client.call('GET', `/v3/{project_id}/operation-logs?status=${status}`)
        open.push(...body.operation_logs)
      }
      const { body } = await client.call('GET', '/volume/v3/{project_id}/volumes/detail')
      open.push(
        ...body.volumes.filter((volume: { status: string }) => ['creating', 'deleting'].includes(volume.status)),
      )
    }
    if (open.length === 0) return
    if (Date.now() > deadline) assert.fail(`still unfinished after a minute: ${JSON.stringify(open)}`)
    await wait(50)
  }
}

export async function check(world: World, alice: Client, bob: Client, random: Random): Promise<void> {
  await settle([alice, bob])
  for (const vault of [world.site.vaults.server, world.site.vaults.disk])
    assert.ok(await idle(alice, vault), 'a resource is stuck')
  await checkBackups(world, alice)
  for (const backup of world.backups.values()) await checkShare(backup, alice, bob)
  await checkDisk(world)
  await checkBytes(world, alice, bob, random)
}

/** All that was acknowledged is there, and available; all that was deleted is gone; the rest is taken note of. */
async function checkBackups(world: World, alice: Client): Promise<void> {
  const { body } = await alice.call('GET', '/v3/{project_id}/backups?limit=1000')
  const listed = new Map<string, { status: string; resource_type: string }>(
    body.backups.map((backup: { id: string }) => [backup.id, backup]),
  )
  for (const [id, backup] of listed) {
    assert.equal(backup.status, 'available', `backup ${id} is ${backup.status} after recovery`)
    if (world.backups.has(id)) continue
    const kind = backup.resource_type === 'OS::Nova::Server' ? 'server' : 'disk'
    const origin = world.unanswered.find(one => one.kind === kind)
    assert.ok(origin, `backup ${id} was never asked for`)
    world.learn(id, kind, origin.content)
  }
  world.unanswered.length = 0
  for (const [id, known] of world.backups) {
    if (known.kept === true) assert.ok(listed.has(id), `backup ${id} was acknowledged and is gone`)
    if (known.kept === false) assert.ok(!listed.has(id), `backup ${id} was deleted and is back`)
    if (!listed.has(id)) {
      assert.equal((await alice.call('GET', `/v3/{project_id}/backups/${id}`)).status, 404)
      world.backups.delete(id)
    } else known.kept = true
  }
}

/** Sharer and recipient agree on one of the states that the answers so far allow. */
async function checkShare(backup: KnownBackup, alice: Client, bob: Client): Promise<void> {
  const { body } = await alice.call('GET', `/v3/{project_id}/backups/${backup.id}/members`)
  assert.ok(body.count <= 1 && body.members.length === body.count, `members of ${backup.id}: ${JSON.stringify(body)}`)
  const state: ShareState = body.members[0]?.status ?? 'none'
  assert.ok(backup.share.has(state), `the share of ${backup.id} is ${state}, not ${[...backup.share].join(' or ')}`)
  backup.share = new Set([state])
  const seen = await bob.call('GET', `/v3/{project_id}/backups/${backup.id}`)
  assert.equal(
    seen.status,
    state === 'pending' || state === 'accepted' ? 200 : 404,
    `what bob sees of a ${state} share`,
  )
}

async function checkDisk(world: World): Promise<void> {
  if (world.diskContent === undefined) return
  const path = join(world.site.folder, world.site.files.disk[0] ?? '')
  assert.equal(await hashOf(path), world.diskContent, 'the restored disk differs from its backup')
}

/** One backup, chosen by the seed, gives its bytes back exactly: to bob where it is shared, else to alice. */
async function checkBytes(world: World, alice: Client, bob: Client, random: Random): Promise<void> {
  const backup = random.pick([...world.backups.values()])
  if (backup) {
    const client = backup.share.has('accepted') ? bob : alice
    const { body } = await client.call('GET', `/v3/{project_id}/backups/${backup.id}`)
    const holders = backup.kind === 'disk' ? [body.backup] : body.backup.children
    for (const holder of holders) {
      const made = await client.call('POST', '/volume/v3/{project_id}/volumes', {
        volume: { name: 'check', backup_id: holder.id },
      })
      assert.equal(made.status, 202, JSON.stringify(made.body))
      await settle([client])
      const shown = await client.call('GET', `/volume/v3/{project_id}/volumes/${made.body.volume.id}`)
      assert.equal(shown.body.volume.status, 'available', JSON.stringify(shown.body))
      const path = join(world.site.folder, 'data', 'disks', `${made.body.volume.id}.raw`)
      const hash = await hashOf(path)
      assert.ok(
        Object.values(backup.content).includes(hash),
        `the bytes of backup ${holder.id} are not what was backed up`,
      )
    }
  }
  await removeVolumes(alice)
  await removeVolumes(bob)
}

/** All volumes that OpenCBR made; those of the configuration stay. */
async function removeVolumes(client: Client): Promise<void> {
  const { body } = await client.call('GET', '/volume/v3/{project_id}/volumes/detail')
  for (const volume of body.volumes) {
    assert.ok(['available', 'in-use'].includes(volume.status), `volume ${volume.id} is ${volume.status}`)
    if (['check', 'from-share'].includes(volume.name))
      await client.call('DELETE', `/volume/v3/{project_id}/volumes/${volume.id}`)
  }
  await settle([client])
}

/** Everything deleted: not a pack, not a byte of any vault may be left. */
export async function checkEmptied(
  world: World,
  alice: Client,
  bob: Client,
  packs: () => Promise<readonly string[]>,
): Promise<void> {
  for (const id of world.backups.keys()) {
    const { status, body } = await alice.call('DELETE', `/v3/{project_id}/backups/${id}`)
    assert.equal(status, 204, JSON.stringify(body))
  }
  await settle([alice, bob])
  const vaults = [await alice.call('GET', '/v3/{project_id}/vaults'), await bob.call('GET', '/v3/{project_id}/vaults')]
  for (const { body } of vaults)
    for (const vault of body.vaults)
      assert.equal(vault.billing.used, 0, `vault ${vault.name} still counts ${vault.billing.used} MB`)
  const deadline = Date.now() + 60_000
  for (let left = await packs(); left.length > 0; left = await packs()) {
    assert.ok(Date.now() < deadline, `packs that nothing refers to stay: ${left.join(', ')}`)
    await wait(200)
  }
  await rm(world.site.folder, { recursive: true })
}
