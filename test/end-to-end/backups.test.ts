import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { openHouse, type TestHouse } from '../house.ts'

const makeVault = async (house: TestHouse) => {
  const { body } = await house.call('alice', 'GET', '/v3/{project_id}/protectables/server/instances')
  const [server] = body.instances
  const billing = { consistent_level: 'crash_consistent', object_type: 'server', protect_type: 'backup', size: 10 }
  const resources = [{ id: server.id, type: 'OS::Nova::Server' }]
  const made = await house.call('alice', 'POST', '/v3/{project_id}/vaults', {
    vault: { name: 'vault-1', billing, resources },
  })
  assert.equal(made.status, 200)
  return { vaultId: made.body.vault.id as string, serverId: server.id as string }
}

const until = async (done: () => Promise<boolean>) => {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await done()) return
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  assert.fail('it has not come about within 10 s')
}

test('backup, restore, delete, as a client goes about it', async () => {
  await using house = await openHouse()
  const { vaultId, serverId } = await makeVault(house)
  const created = await house.call('alice', 'POST', '/v3/{project_id}/checkpoints', {
    checkpoint: {
      vault_id: vaultId,
      parameters: {
        incremental: false,
        name: 'first',
        resources: [serverId],
        resource_details: [{ id: serverId, type: 'OS::Nova::Server', extra_info: {} }],
      },
    },
  })
  assert.equal(created.status, 200)
  const checkpointId = created.body.checkpoint.id
  const checkpoint = () => house.call('alice', 'GET', `/v3/{project_id}/checkpoints/${checkpointId}`)
  await until(async () => (await checkpoint()).body.checkpoint.status === 'available')
  assert.equal((await checkpoint()).body.checkpoint.vault.resources[0].protect_status, 'available')

  const listed = await house.call('alice', 'GET', `/v3/{project_id}/backups?checkpoint_id=${checkpointId}`)
  assert.equal(listed.body.count, 1)
  const [backup] = listed.body.backups
  assert.equal(backup.status, 'available')
  const vault = async () => (await house.call('alice', 'GET', `/v3/{project_id}/vaults/${vaultId}`)).body.vault
  assert.ok((await vault()).billing.used > 0)
  const metadata = await house.call('alice', 'GET', `/v3/{project_id}/backups/${backup.id}/metadata`)
  assert.equal(JSON.parse(metadata.body.server).server.id, serverId)

  const originals = await Promise.all(house.diskFiles.map(file => readFile(file)))
  for (const file of house.diskFiles) await writeFile(file, randomBytes(2 * 2 ** 20))
  const mappings = backup.children.map((child: { id: string; resource_id: string }) => ({
    backup_id: child.id,
    volume_id: child.resource_id,
  }))
  const restored = await house.call('alice', 'POST', `/v3/{project_id}/backups/${backup.id}/restore`, {
    restore: { server_id: serverId, mappings, power_on: false },
  })
  assert.equal(restored.status, 202)
  assert.equal((await house.ended('alice', restored.body.job_id)).status, 'success')
  for (const [at, file] of house.diskFiles.entries()) {
    assert.ok((await readFile(file)).equals(originals[at] ?? Buffer.alloc(0)))
  }

  const deleted = await house.call('alice', 'DELETE', `/v3/{project_id}/backups/${backup.id}`)
  assert.deepEqual([deleted.status, deleted.body], [204, undefined])
  const show = () => house.call('alice', 'GET', `/v3/{project_id}/backups/${backup.id}`)
  await until(async () => (await show()).status === 404)
  assert.equal((await show()).body.error_code, 'BackupService.6200')
  const gone = await checkpoint()
  assert.deepEqual([gone.status, gone.body.error_code], [404, 'BackupService.6217'])
  assert.equal((await vault()).billing.used, 0)
})

test('bodies and paths that do not fit leave nothing behind', async () => {
  await using house = await openHouse()
  const { vaultId } = await makeVault(house)
  const post = async (body: unknown, person: 'alice' | 'bob' | 'rita' = 'alice') => {
    const answer = await house.call(person, 'POST', '/v3/{project_id}/checkpoints', body)
    return [answer.status, answer.body.error_code?.replace('BackupService.', '')]
  }
  const asked = (parameters: object) => ({ checkpoint: { vault_id: vaultId, parameters } })
  assert.deepEqual(await post({}), [400, '9900'])
  assert.deepEqual(await post({ checkpoint: { vault_id: 'x' } }), [400, '9900'])
  assert.deepEqual(await post(asked({ name: '<script>' })), [400, '9900'])
  assert.deepEqual(await post(asked({ description: 'a<b' })), [400, '9900'])
  assert.deepEqual(await post(asked({ incremental: 'yes' })), [400, '9900'])
  assert.deepEqual(await post(asked({ retention_duration_days: 36501 })), [400, '9900'])
  assert.deepEqual(await post(asked({ resources: [crypto.randomUUID()] })), [400, '6135'])
  assert.deepEqual(await post(asked({}), 'bob'), [404, '6105'])
  assert.equal((await post(asked({}), 'rita'))[0], 403)
  const unknown = `/v3/{project_id}/backups/${crypto.randomUUID()}`
  for (const [method, path, body] of [
    ['GET', unknown],
    ['DELETE', unknown],
    ['PUT', unknown, { backup: { name: '' } }],
    ['POST', `${unknown}/restore`, {}],
    ['GET', `${unknown}/metadata`],
    ['GET', '/v3/{project_id}/backups/nonsense'],
  ] as const) {
    const answer = await house.call('alice', method, path, body)
    assert.deepEqual([answer.status, answer.body.error_code], [404, 'BackupService.6200'], `${method} ${path}`)
  }
  const backups = await house.call('alice', 'GET', '/v3/{project_id}/backups')
  const logs = await house.call('alice', 'GET', '/v3/{project_id}/operation-logs')
  assert.deepEqual([backups.body.count, logs.body.count], [0, 0])
})
