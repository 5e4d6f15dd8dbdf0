import assert from 'node:assert/strict'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openHouse, type Person, projects, type TestHouse } from '../../test/house.ts'
import { type SharedBackup, shareBackup, until } from '../../test/shared-backup.ts'

let house: TestHouse
let shared: SharedBackup
before(async () => {
  house = await openHouse()
  shared = await shareBackup(house)
})
after(() => house.close())

const ask = (person: Person, backupId: string, body?: unknown) =>
  house.call(person, 'POST', `/opencbr/v1/{project_id}/backups/${backupId}/verify`, body)

const show = (person: Person, id: string) => house.call(person, 'GET', `/opencbr/v1/{project_id}/verifications/${id}`)

async function verified(person: Person, backupId: string, body?: unknown) {
  const { status, body: answer } = await ask(person, backupId, body)
  assert.equal(status, 202, JSON.stringify(answer))
  return until(async () => {
    const { verification } = (await show(person, answer.job_id)).body
    return ['success', 'failed'].includes(verification.status) ? verification : undefined
  })
}

/** Turns one bit over in each of the packs of a project. */
async function damagePacks(projectId: string): Promise<void> {
  const folder = join(house.config.dataDir, 'store', 'objects', 'realms', projectId, 'packs')
  const packs = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
  assert.ok(packs.length > 0)
  for (const { parentPath, name } of packs) {
    await using file = await open(join(parentPath, name), 'r+')
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, 5000)
    await file.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, 5000)
  }
}

test('both sides see the same digest, and both can have the bytes checked', async () => {
  const digestFor = async (person: Person) => {
    const { backup } = (await house.call(person, 'GET', `/v3/{project_id}/backups/${shared.backupId}`)).body
    return backup.children.map((child: { digest: string }) => child.digest)
  }
  const digests = await digestFor('alice')
  assert.match(digests[0], /^[0-9a-f]{64}$/)
  assert.deepEqual(await digestFor('bob'), digests)
  for (const person of ['alice', 'bob'] as const) {
    const verification = await verified(person, shared.backupId)
    const { status, part, problem_count: problems, problems: listed, progress } = verification
    assert.deepEqual(
      { status, part, problems, listed, progress },
      { status: 'success', part: 1, problems: 0, listed: [], progress: 100 },
    )
    assert.equal(verification.chunks, verification.checked_chunks)
    assert.ok(verification.chunks > 8)
  }
  const [disk] = shared.disks
  const some = await verified('bob', disk, { part: 0 })
  assert.deepEqual([some.status, some.part, some.checked_chunks], ['success', 0, 1])
})

test('only who may restore it may have it checked, and nobody sees the others’ verifications', async () => {
  assert.equal((await ask('rita', shared.backupId)).status, 403)
  assert.deepEqual((await ask('carol', shared.backupId)).body.error_code, 'BackupService.6200')
  const members = `/v3/{project_id}/backups/${shared.backupId}/members`
  await house.call('alice', 'POST', members, { members: [projects.gamma] })
  const pending = await ask('carol', shared.backupId)
  assert.deepEqual([pending.status, pending.body.error_code], [400, 'BackupService.2005'])
  assert.equal((await ask('alice', 'not-an-id')).status, 404)
  assert.equal((await ask('alice', crypto.randomUUID())).status, 404)
  for (const part of [-0.1, 1.1, '1', {}]) assert.equal((await ask('alice', shared.backupId, { part })).status, 400)
  const { id } = await verified('bob', shared.backupId, { part: 0.5 })
  for (const person of ['alice', 'carol'] as const) assert.equal((await show(person, id)).status, 404)
  assert.equal((await show('bob', 'nothing')).body.error_code, 'BackupService.6500')
})

test('the operation log has it too, without a type that the vendor’s clients do not know', async () => {
  const { id } = await verified('alice', shared.backupId, { part: 0.25 })
  const { operation_log: log } = (await house.call('alice', 'GET', `/v3/{project_id}/operation-logs/${id}`)).body
  assert.equal('operation_type' in log, false)
  assert.equal(log.extra_info.verify.part, 0.25)
})

test('damage is told to both sides in their own terms, audited, and mended by the next backup', async () => {
  await damagePacks(projects.alpha)
  const own = await verified('alice', shared.backupId)
  assert.equal(own.status, 'failed')
  assert.ok(own.problem_count > 0)
  for (const { chunk, pack, what, backups } of own.problems) {
    assert.match(chunk, /^[0-9a-f]{32}$/)
    assert.match(pack, /^[0-9a-f]{32}$/)
    assert.ok(what.length > 0)
    assert.deepEqual(backups, [shared.backupId])
  }
  const recipients = await verified('bob', shared.backupId)
  assert.deepEqual(recipients.problems, own.problems)
  const { rows } = await house.ports.catalog.read(({ audits }) =>
    audits.list(projects.alpha, { operation: 'FindDamage' }, { limit: 10, offset: 0 }),
  )
  assert.ok(rows.length >= 2 && rows.every(({ resourceId }) => resourceId === shared.backupId))

  const { vault_id: vaultId } = (await house.call('alice', 'GET', `/v3/{project_id}/backups/${shared.backupId}`)).body
    .backup
  const taken = await house.call('alice', 'POST', '/v3/{project_id}/checkpoints', { checkpoint: { vault_id: vaultId } })
  assert.equal(taken.status, 200, JSON.stringify(taken.body))
  await until(async () => {
    const list = `/v3/{project_id}/backups?checkpoint_id=${taken.body.checkpoint.id}`
    const [backup] = (await house.call('alice', 'GET', list)).body.backups
    assert.notEqual(backup.status, 'error')
    return backup.status === 'available' ? backup : undefined
  })
  for (const person of ['alice', 'bob'] as const) {
    assert.equal((await verified(person, shared.backupId)).status, 'success')
  }
})

test('metrics tell of scrubs', async () => {
  const text = await (await fetch(`${house.url}/metrics`)).text()
  assert.match(text, /^opencbr_damaged_chunks 0$/m)
  assert.match(text, /^opencbr_scrub_oldest_timestamp_seconds 0$/m)
})
