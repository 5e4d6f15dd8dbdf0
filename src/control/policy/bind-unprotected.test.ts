/** Automatic association (semantics 4.5), where a policy runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alice } from '../../../test/desk.ts'
import { openPolicyStage, type PolicyStage } from '../../../test/policy-stage.ts'
import type { VaultCreate } from '../../contract/operations.gen.ts'
import { GIB } from '../../contract/sizes.ts'

const MORNING = '2026-11-24T02:00:00.000Z'
const AFTERNOON = { properties: { pattern: ['FREQ=DAILY;BYHOUR=14;BYMINUTE=0'] } }

async function bindingVault(stage: PolicyStage, given: Partial<VaultCreate> = {}, sizeGb = 1000): Promise<string> {
  const billing = { object_type: 'disk', protect_type: 'backup', size: sizeGb } as const
  const vault = await stage.vault([], { auto_bind: true, billing, ...given })
  await stage.calls.apply(vault, (await stage.calls.create({ operation_definition: {} })).id)
  return vault
}

const bound = async (stage: PolicyStage, vault: string) =>
  (await stage.ports.catalog.read(({ resources }) => resources.of([vault]))).map(({ id }) => id).sort()
const refusals = async (stage: PolicyStage, vault: string) =>
  (await stage.logs(vault))
    .filter(({ errorCode }) => errorCode === 'BackupService.6142')
    .map(({ resource }) => resource.id)

test('a run binds what is in no vault, and backs it up at once', async () => {
  await using stage = await openPolicyStage()
  const [one, two, taken, broken] = [await stage.disk(), await stage.disk(), await stage.disk(), await stage.disk()]
  await stage.ports.catalog.change(({ disks }) => disks.update(broken, { status: 'error' }))
  const vault = await bindingVault(stage)
  await stage.vault([taken])
  await stage.goTo(MORNING)
  assert.deepEqual(await bound(stage, vault), [one, two].sort())
  assert.deepEqual((await stage.backups(vault)).map(({ resourceId }) => resourceId).sort(), [one, two].sort())
})

test('a vault that does not bind, or whose policy does not run, takes nothing', async () => {
  await using stage = await openPolicyStage()
  await stage.disk()
  const off = await bindingVault(stage, { auto_bind: false })
  const alone = await stage.vault([], { auto_bind: true })
  await stage.goTo(MORNING)
  assert.deepEqual([await bound(stage, off), await bound(stage, alone)], [[], []])
})

test('tags: any of the vault’s will do', async () => {
  await using stage = await openPolicyStage()
  const tagged = (metadata: Record<string, string>) => stage.disk({ metadata })
  const [blue, red] = [await tagged({ team: 'blue', stage: 'prod' }), await tagged({ team: 'red' })]
  const [test] = [await tagged({ stage: 'test' }), await tagged({ team: 'green' }), await tagged({})]
  const tags = [
    { key: 'team', value: 'blue' },
    { key: 'team', value: 'red' },
    { key: 'stage', value: 'test' },
  ]
  const vault = await bindingVault(stage, { bind_rules: { tags } })
  await stage.goTo(MORNING)
  assert.deepEqual(await bound(stage, vault), [blue, red, test].sort())
})

test('room: more than 40 GB, and more than is bound already; what nobody has room for is logged', async () => {
  await using stage = await openPolicyStage()
  const made: string[] = []
  for (let at = 0; at < 4; at += 1) {
    const createdAt = new Date(stage.now().getTime() + at)
    made.push(await stage.disk({ createdAt, sizeBytes: 30 * GIB }))
  }
  const vault = await bindingVault(stage, {}, 100)
  await stage.goTo(MORNING)
  // 100 GB left, then 70 against 30, then 40: that is not more than 40.
  assert.deepEqual(await bound(stage, vault), made.slice(0, 2).sort())
  assert.deepEqual((await refusals(stage, vault)).sort(), made.slice(2).sort())
})

test('the vault that runs first takes it; when that is full, the next one, and nothing is logged', async () => {
  await using stage = await openPolicyStage()
  const made: string[] = []
  for (let at = 0; at < 3; at += 1) {
    made.push(await stage.disk({ createdAt: new Date(stage.now().getTime() + at), sizeBytes: 30 * GIB }))
  }
  const second = await bindingVault(stage)
  const billing = { object_type: 'disk', protect_type: 'backup', size: 100 } as const
  const first = await stage.vault([], { auto_bind: true, billing })
  await stage.calls.apply(first, (await stage.calls.create({ trigger: AFTERNOON })).id)
  await stage.goTo('2026-11-23T14:00:00.000Z')
  assert.deepEqual(await bound(stage, first), made.slice(0, 2).sort())
  assert.deepEqual(await refusals(stage, first), [])
  await stage.goTo(MORNING)
  assert.deepEqual(await bound(stage, second), made.slice(2))
})

test('servers go to server vaults; a disk of a bound server is protected already', async () => {
  await using stage = await openPolicyStage()
  const id = crypto.randomUUID()
  const { projectId } = alice
  await stage.ports.catalog.change(({ servers }) =>
    servers.put({ id, projectId, name: 'web', status: 'ACTIVE', availabilityZone: 'az-1', createdAt: stage.now() }),
  )
  const disk = await stage.disk({ serverId: id, status: 'in-use', bootable: true, device: '/dev/vda' })
  const billing = { object_type: 'server', protect_type: 'backup', size: 100 } as const
  const forServers = await bindingVault(stage, { billing })
  await stage.goTo(MORNING)
  assert.deepEqual(await bound(stage, forServers), [id])
  const forDisks = await bindingVault(stage)
  const free = await stage.disk()
  await stage.goTo('2026-11-25T02:00:00.000Z')
  assert.deepEqual(await bound(stage, forDisks), [free])
  assert.notEqual(free, disk)
})
