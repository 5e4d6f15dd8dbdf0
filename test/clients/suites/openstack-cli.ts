/** Every command of `openstack cbr`. Members are missing in it: it has the code, and no entry points (client-notes). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CommandLine, commandLine } from '../openstack.ts'
import { alice, inventory, setStage } from '../stage.ts'
import { until } from '../until.ts'

test('openstack cbr: policies, vaults, backups and tasks, by name and by id', async () => {
  await using stage = await setStage('openstack-cli')
  const cbr = commandLine(stage, alice)
  await policies(cbr)
  await vaults(cbr)
  await backups(cbr)
  await ends(cbr)
})

/** Each command has its own way to write it. */
const idOf = (shown: { readonly ID?: string; readonly id?: string }): string => shown.ID ?? shown.id ?? ''

const DAILY = 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=14;BYMINUTE=00'

async function policies(cbr: CommandLine): Promise<void> {
  const made = await cbr.show(
    ...['policy', 'create', 'daily', '--operation-type', 'backup', '--pattern', DAILY],
    ...['--day-backups', '3', '--week-backups', '2', '--month-backups', '1', '--year-backups', '0'],
    ...['--timezone', 'UTC+02:00', '--max-backups', '10'],
  )
  assert.equal(made.name, 'daily')
  assert.deepEqual((await cbr.show('policy', 'list', '--operation-type', 'backup')).map(idOf), [idOf(made)])
  for (const words of [
    ['show', 'daily'],
    ['update', 'daily', '--max-backups', '5'],
    ['delete', 'daily'],
  ])
    assert.match((await cbr.attempt('policy', ...words)).err, POLICY_BUG)
}

/** otcextensions 0.34.8 looks a policy up in a way that openstacksdk 4.22 does not have: nothing is ever sent. */
const POLICY_BUG = /find_policy\(\) got an unexpected keyword argument 'policy_id'/

async function vaults(cbr: CommandLine): Promise<void> {
  const policy = idOf((await cbr.show('policy', 'list'))[0])
  const made = await cbr.show(
    ...['vault', 'create', 'disks', '--consistent-level', 'crash_consistent', '--object-type', 'disk', '--size', '100'],
    ...['--description', 'all disks', '--tag', 'team=storage', '--backup-policy', policy],
    ...['--resource', `id=${inventory.disk},type=OS::Cinder::Volume`],
  )
  assert.deepEqual([made.name, made.size, made.status], ['disks', 100, 'available'])
  const listed = await cbr.show('vault', 'list', '--object-type', 'disk', '--limit', '10')
  assert.deepEqual(listed.map(idOf), [idOf(made)])
  assert.equal(idOf(await cbr.show('vault', 'show', 'disks')), idOf(made))
  const changed = await cbr.show(
    'vault',
    'update',
    'disks',
    '--name',
    'more-disks',
    '--size',
    '200',
    '--threshold',
    '70',
  )
  assert.deepEqual([changed.name, changed.size], ['more-disks', 200])
  await cbr.do('vault', 'unbind', 'more-disks', policy)
  await cbr.show('vault', 'bind', 'more-disks', policy)
  assert.equal((await cbr.show('policy', 'list', '--vault-id', idOf(made))).length, 1)
  await cbr.show('vault', 'associate', 'more-disks', '--resource', `id=${inventory.otherDisk},type=OS::Cinder::Volume`)
  await cbr.do('vault', 'dissociate', 'more-disks', '--resource', inventory.otherDisk)
}

async function backups(cbr: CommandLine): Promise<void> {
  const vault = idOf(await cbr.show('vault', 'show', 'more-disks'))
  const checkpoint = await cbr.show('checkpoint', 'create', '--vault-id', vault, '--backup-name', 'by-hand')
  assert.equal((await cbr.show('checkpoint', 'show', idOf(checkpoint))).status !== undefined, true)
  const [backup] = await until(
    () => cbr.show('backup', 'list', '--vault-id', vault, '--status', 'available'),
    found => found.length === 1,
  )
  assert.equal(backup.name, 'by-hand')
  assert.equal(idOf(await cbr.show('backup', 'show', 'by-hand')), idOf(backup))
  await cbr.do('backup', 'restore', idOf(backup), '--volume-id', inventory.disk)
  const tasks = await until(
    () => cbr.show('task', 'list'),
    found => found.every((task: { ended_at: string | null }) => task.ended_at !== null),
  )
  const kinds = tasks.map((task: { operation_type: string }) => task.operation_type).sort()
  assert.ok(kinds.includes('restore') && kinds.includes('backup'), kinds.join())
  assert.equal(idOf(await cbr.show('task', 'show', idOf(tasks[0]))), idOf(tasks[0]))
}

async function ends(cbr: CommandLine): Promise<void> {
  await cbr.do('backup', 'delete', 'by-hand')
  await until(
    () => cbr.show('backup', 'list'),
    found => found.length === 0,
  )
  await cbr.do('vault', 'delete', 'more-disks')
  await until(
    () => cbr.show('vault', 'list'),
    found => found.length === 0,
  )
}
