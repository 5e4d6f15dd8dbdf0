/** An image becomes a backup, on a whole house: sent in pieces, broken off and gone on with, refused, shared. */
import assert from 'node:assert/strict'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Answer, openHouse, type Person, projects, type TestHouse } from '../../test/house.ts'
import { until } from '../../test/shared-backup.ts'

const ALL = '/opencbr/v1/{project_id}/imports'
const PIECE = 700_001

const codeOf = ({ status, body }: Answer) => [status, body?.error_code]

async function vaultOf(house: TestHouse, person: Person, type = 'disk', size = 100): Promise<string> {
  const billing = { object_type: type, protect_type: 'backup', consistent_level: 'crash_consistent', size }
  const made = await house.call(person, 'POST', '/v3/{project_id}/vaults', {
    vault: { name: 'v', billing, resources: [] },
  })
  assert.equal(made.status, 200, JSON.stringify(made.body))
  return made.body.vault.id
}

async function begun(house: TestHouse, sizeBytes: number, format = 'raw'): Promise<string> {
  const answer = await house.call('alice', 'POST', ALL, { name: 'old-disk', format, size_bytes: sizeBytes })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  assert.equal(answer.body.import.received_bytes, 0)
  return answer.body.import.id
}

const send = (house: TestHouse, id: string, offset: number, bytes: Uint8Array, person: Person = 'alice') =>
  house.call(person, 'PATCH', `${ALL}/${id}?offset=${offset}`, bytes)

async function sendAll(house: TestHouse, id: string, file: Uint8Array, from = 0): Promise<void> {
  for (let at = from; at < file.length; at += PIECE) {
    const { status, body } = await send(house, id, at, file.subarray(at, at + PIECE))
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.import.received_bytes, Math.min(at + PIECE, file.length))
  }
}

async function backedUp(house: TestHouse, id: string, vaultId: string) {
  const answer = await house.call('alice', 'POST', `${ALL}/${id}/backup`, { vault_id: vaultId, name: 'imported' })
  assert.equal(answer.status, 202, JSON.stringify(answer.body))
  return until(async () => {
    const { body } = await house.call('alice', 'GET', `/v3/{project_id}/backups/${answer.body.backup_id}`)
    return ['available', 'error'].includes(body.backup.status) ? body.backup : undefined
  })
}

const importsIn = async (house: TestHouse, id: string) =>
  access(join(house.config.dataDir, 'imports', id)).then(
    () => true,
    () => false,
  )

test('an image sent in pieces becomes a backup, which is shared and read back; the image goes', async () => {
  await using house = await openHouse()
  const file = await readFile(house.diskFiles[0])
  const vaultId = await vaultOf(house, 'alice')
  const id = await begun(house, file.length)
  await sendAll(house, id, file.subarray(0, PIECE))
  // The connection broke here: the client asks where it was.
  const { body } = await house.call('alice', 'GET', `${ALL}/${id}`)
  assert.equal(body.import.received_bytes, PIECE)
  await sendAll(house, id, file, PIECE)
  const backup = await backedUp(house, id, vaultId)
  assert.equal(backup.status, 'available')
  assert.deepEqual([backup.name, backup.resource_name, backup.resource_id], ['imported', 'old-disk', id])
  assert.match(backup.digest, /^[0-9a-f]{64}$/)

  const into = await vaultOf(house, 'bob')
  const path = `/v3/{project_id}/backups/${backup.id}/members`
  assert.equal((await house.call('alice', 'POST', path, { members: [projects.beta] })).status, 200)
  const accepted = { status: 'accepted', vault_id: into }
  assert.equal((await house.call('bob', 'PUT', `${path}/${projects.beta}`, accepted)).status, 200)
  const response = await fetch(`${house.url}/opencbr/v1/${projects.beta}/backups/${backup.id}/disk`, {
    headers: { 'x-auth-token': await house.tokenOf('bob') },
  })
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(file))

  await until(async () => ((await importsIn(house, id)) ? undefined : true))
  assert.equal((await house.call('alice', 'GET', `/volume/v3/{project_id}/volumes/${id}`)).status, 404)
  const restored = await house.call('alice', 'POST', `/v3/{project_id}/backups/${backup.id}/restore`, {
    restore: { volume_id: id },
  })
  assert.deepEqual(codeOf(restored), [404, 'BackupService.7000'])
  const again = await house.call('alice', 'POST', '/v3/{project_id}/checkpoints', { checkpoint: { vault_id: vaultId } })
  assert.deepEqual(codeOf(again), [400, 'BackupService.0001'], 'there is nothing to back up again')
})

test('pieces that do not fit, other people, unfit vaults: refused, and nothing is changed', async () => {
  await using house = await openHouse()
  const bad = [400, 'BackupService.9900']
  for (const order of [
    { format: 'raw', size_bytes: 10 },
    { name: 'x', format: 'iso', size_bytes: 10 },
    { name: 'x', size_bytes: 0 },
    { name: 'x', size_bytes: 1.5 },
    { name: 'x', size_bytes: 2 ** 60 },
  ])
    assert.deepEqual(codeOf(await house.call('alice', 'POST', ALL, order)), bad, JSON.stringify(order))
  assert.equal((await house.call('rita', 'POST', ALL, { name: 'x', size_bytes: 10 })).status, 403)
  const id = await begun(house, 1000)
  const vaultId = await vaultOf(house, 'alice')
  assert.deepEqual(codeOf(await send(house, id, 1, Buffer.alloc(10))), bad)
  assert.deepEqual(codeOf(await send(house, id, 0, Buffer.alloc(1001))), bad)
  assert.deepEqual(codeOf(await send(house, id, 0, Buffer.alloc(0))), bad)
  assert.equal((await send(house, id, 0, Buffer.alloc(16 * 1024 * 1024 + 1))).status, 413)
  assert.deepEqual(codeOf(await send(house, id, 0, Buffer.alloc(10), 'bob')), [404, 'BackupService.6302'])
  assert.deepEqual(codeOf(await house.call('bob', 'DELETE', `${ALL}/${id}`)), [404, 'BackupService.6302'])
  assert.deepEqual(codeOf(await house.call('alice', 'GET', `${ALL}/..%2fdisks`)), [404, 'BackupService.6302'])
  await sendAll(house, id, Buffer.alloc(500, 1))
  const finish = (vault: string) => house.call('alice', 'POST', `${ALL}/${id}/backup`, { vault_id: vault })
  assert.deepEqual(codeOf(await finish(vaultId)), bad, 'half of it is missing')
  assert.deepEqual(codeOf(await finish(await vaultOf(house, 'bob'))), [404, 'BackupService.6105'])
  assert.deepEqual(codeOf(await finish(await vaultOf(house, 'alice', 'server'))), [400, 'BackupService.6102'])
  const { body } = await house.call('alice', 'GET', `${ALL}/${id}`)
  assert.equal(body.import.received_bytes, 500)
  assert.equal((await house.call('alice', 'DELETE', `${ALL}/${id}`)).status, 204)
  await until(async () => ((await importsIn(house, id)) ? undefined : true))
  assert.deepEqual(codeOf(await finish(vaultId)), [404, 'BackupService.6302'])
})

test('two clients send the same piece: it is counted once', async () => {
  await using house = await openHouse()
  const id = await begun(house, 4 * 1024 * 1024)
  const piece = Buffer.alloc(1024 * 1024, 7)
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(house, id, 0, piece)))
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  assert.ok(answers.every(({ status }) => status === 200 || status === 400))
  const { body } = await house.call('alice', 'GET', `${ALL}/${id}`)
  assert.equal(body.import.received_bytes, piece.length)
})

test('what is no image of its format fails with words, and leaves no file', async () => {
  await using house = await openHouse()
  const vaultId = await vaultOf(house, 'alice')
  const id = await begun(house, 4096, 'qcow2')
  await sendAll(house, id, Buffer.alloc(4096, 9))
  const backup = await backedUp(house, id, vaultId)
  assert.equal(backup.status, 'error')
  const { body } = await house.call('alice', 'GET', `/v3/{project_id}/operation-logs?resource_id=${id}`)
  assert.match(body.operation_logs[0].error_info.message, /qcow2/)
  await until(async () => ((await importsIn(house, id)) ? undefined : true))
})
