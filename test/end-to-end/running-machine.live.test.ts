/**
 * A running QEMU machine from the configuration to its backups, by the API.
 * Needs programs: qemu-system-x86_64 qemu-img
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openHouse } from '../house.ts'
import { folderFor, makeDisk, startMachine } from '../machine.ts'

test('a server with a monitor is backed up while it runs, and not restored to', async (t: TestContext) => {
  const folder = await folderFor(t)
  const disks = [await makeDisk(folder, 'root', 'qcow2'), await makeDisk(folder, 'data', 'raw')]
  const machine = await startMachine(t, folder, disks)
  await machine.write(0, 1, '0', '2M')
  await machine.write(1, 2, '8M', '2M')
  const names = ['root', 'data']
  const server = { project: 'alpha', name: 'vm-01', disks: names, qmp: machine.qmp, guestAgent: join(folder, 'none') }
  await using house = await openHouse({
    environment: {
      OPENCBR_RESOURCES_LOCAL_DISKS: JSON.stringify(
        disks.map((disk, at) => ({ project: 'alpha', name: names[at], ...disk })),
      ),
      OPENCBR_RESOURCES_LOCAL_SERVERS: JSON.stringify([server]),
      OPENCBR_RESOURCES_LOCAL_MACHINES_FOLDER: join(folder, 'm'),
    },
  })
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await house.call('alice', method, `/v3/{project_id}/${path}`, body)
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
    return answer.body
  }
  const [{ id: serverId }] = (await call('GET', 'protectables/server/instances')).instances
  const billing = { consistent_level: 'crash_consistent', object_type: 'server', protect_type: 'backup', size: 10 }
  const resources = [{ id: serverId, type: 'OS::Nova::Server' }]
  const { vault } = await call('POST', 'vaults', { vault: { name: 'machines', billing, resources } })
  const take = async () => {
    const { checkpoint } = await call('POST', 'checkpoints', { checkpoint: { vault_id: vault.id } })
    const logs = (await call('GET', 'operation-logs?operation_type=backup')).operation_logs
    const log = await house.ended('alice', logs[0].id)
    assert.equal(log.status, 'success')
    return { log, backup: (await call('GET', `backups?checkpoint_id=${checkpoint.id}`)).backups[0] }
  }
  const first = await take()
  const { backup: noted } = first.log.extra_info
  assert.equal(noted.app_consistency_status, '0')
  assert.match(noted.app_consistency_error_message, /guest agent/)
  await machine.write(0, 3, '4M', '64k')
  const now = [await machine.content(0), await machine.content(1)]
  const { backup } = await take()
  for (const [at, name] of names.entries()) {
    const part = backup.children.find((child: { resource_name: string }) => child.resource_name === name)
    const reader = await house.datastore.open({ realm: part.project_id, id: part.id })
    assert.ok((await reader.read(0, reader.sizeBytes)).equals(now[at] ?? Buffer.alloc(0)), name)
    // The older record goes after the backup is published.
    for (let tries = 0; tries < 200 && (await machine.bitmaps(at)).length > 1; tries += 1) await setTimeout(25)
    assert.deepEqual(await machine.bitmaps(at), [`opencbr-${part.id}`])
  }

  const mappings = backup.children.map((child: { id: string; resource_id: string }) => ({
    backup_id: child.id,
    volume_id: child.resource_id,
  }))
  const restore = { server_id: serverId, mappings, power_on: false }
  const { job_id } = await call('POST', `backups/${backup.id}/restore`, { restore })
  const log = await house.ended('alice', job_id)
  assert.equal(log.status, 'failed')
  assert.match(log.error_info.message, /has it open/)
  assert.ok((await machine.content(0)).equals(now[0] ?? Buffer.alloc(0)))
})
