// Needs qemu-img, qemu-nbd.
/** Images of every format that QEMU writes become the same backup; one that reaches for other files does not. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { openHouse, type TestHouse } from '../../test/house.ts'
import { until } from '../../test/shared-backup.ts'

const run = promisify(execFile)

async function imported(house: TestHouse, path: string, format: string, vaultId: string) {
  const { call } = house
  const file = await readFile(path)
  const order = { name: `of-${format}`, format, size_bytes: file.length }
  const begun = await call('alice', 'POST', '/opencbr/v1/{project_id}/imports', order)
  assert.equal(begun.status, 201, JSON.stringify(begun.body))
  const one = `/opencbr/v1/{project_id}/imports/${begun.body.import.id}`
  const sent = await call('alice', 'PATCH', `${one}?offset=0`, file)
  assert.equal(sent.status, 200, JSON.stringify(sent.body))
  const { body } = await call('alice', 'POST', `${one}/backup`, { vault_id: vaultId })
  return until(async () => {
    const { backup } = (await call('alice', 'GET', `/v3/{project_id}/backups/${body.backup_id}`)).body
    return ['available', 'error'].includes(backup.status) ? backup : undefined
  })
}

async function vaultOf({ call }: TestHouse): Promise<string> {
  const billing = { object_type: 'disk', protect_type: 'backup', consistent_level: 'crash_consistent', size: 100 }
  const { body } = await call('alice', 'POST', '/v3/{project_id}/vaults', {
    vault: { name: 'v', billing, resources: [] },
  })
  return body.vault.id
}

test('raw, qcow2, VMDK, VHDX and VHD of one disk have one digest', async () => {
  await using house = await openHouse({ diskBytes: 4 * 2 ** 20 })
  const vaultId = await vaultOf(house)
  const [raw] = house.diskFiles
  const digests = [(await imported(house, raw, 'raw', vaultId)).digest]
  for (const [format, options] of [
    ['qcow2', []],
    ['vmdk', []],
    ['vhdx', []],
    ['vpc', ['-o', 'force_size=on']],
  ] as const) {
    const path = join(house.folder, `disk.${format}`)
    await run('qemu-img', ['convert', '-f', 'raw', '-O', format, ...options, raw, path])
    digests.push((await imported(house, path, format, vaultId)).digest)
  }
  assert.match(digests[0] ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(digests, Array(5).fill(digests[0]))
})

test('an image that is based on another file of the service is refused', async () => {
  await using house = await openHouse()
  const path = join(house.folder, 'spy.qcow2')
  await run('qemu-img', ['create', '-f', 'qcow2', '-F', 'raw', '-b', house.diskFiles[0], path])
  const backup = await imported(house, path, 'qcow2', await vaultOf(house))
  assert.equal(backup.status, 'error')
  const { body } = await house.call('alice', 'GET', `/v3/{project_id}/operation-logs?resource_id=${backup.resource_id}`)
  assert.match(body.operation_logs[0].error_info.message, /not allowed to open/)
})
