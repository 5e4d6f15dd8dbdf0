/** Limits of vaults and resources when many callers meet at once, on a real catalog of either engine. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { alice, aServer, type Desk, openDesk, putVault } from '../../../test/desk.ts'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import type { Settings } from '../../ports/ports.ts'
import { createVaultTags } from '../tag/create-vault-tags.ts'
import { deleteVault } from '../vault/delete-vault.ts'
import { addVaultResource } from './add-vault-resource.ts'
import { migrateVaultResource } from './migrate-vault-resource.ts'

const pathTo = (vault_id: string) => ({ project_id: alice.projectId, vault_id })

const add = (desk: Desk, vaultId: string, ids: readonly string[]) =>
  addVaultResource(desk.ports, alice, {
    path: pathTo(vaultId),
    query: {},
    body: { resources: ids.map(id => ({ id, type: 'OS::Nova::Server' })) },
  })

const remove = (desk: Desk, vaultId: string) =>
  deleteVault(desk.ports, alice, { path: pathTo(vaultId), query: {}, body: undefined })

/** The codes of those that were refused. */
async function codesOf(racing: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const outcomes = await Promise.allSettled(racing)
  return outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
}

const vaultNow = (desk: Desk, id: string) => desk.catalog.read(({ vaults }) => vaults.find(alice.projectId, id))
const inside = (desk: Desk, id: string) => desk.catalog.read(({ resources }) => resources.of([id]))

type Open = (settings?: Partial<Settings>) => Promise<Desk>

const races: Readonly<Record<string, (desk: Open) => Promise<void>>> = {
  async '256 resources and no more'(desk) {
    await using at = await desk()
    const ids = Array.from({ length: 262 }, () => {
      const server = aServer()
      at.servers.push(server)
      return server.id
    })
    const { id } = await putVault(at)
    await add(at, id, ids.slice(0, 250))
    assert.deepEqual(await codesOf([add(at, id, ids.slice(250, 257))]), ['6100'])
    const codes = await codesOf(ids.slice(250).map(one => add(at, id, [one])))
    assert.deepEqual(codes, Array(6).fill('6100'))
    assert.equal((await inside(at, id)).length, 256)
    await add(at, id, ids.slice(0, 3))
  },

  async 'one server offered to many vaults ends in one'(desk) {
    await using at = await desk()
    const server = aServer()
    at.servers.push(server)
    const vaults = [...Array(6)].map(() => putVault(at))
    const codes = await codesOf((await Promise.all(vaults)).map(vault => add(at, vault.id, [server.id])))
    assert.deepEqual(codes, Array(5).fill('6103'))
    const bound = await at.catalog.read(({ resources }) => resources.bound(alice.projectId, [server.id]))
    assert.equal(bound.length, 1)
  },

  async 'a project has no more vaults than it may have'(desk) {
    await using at = await desk({ mostVaults: 3 })
    assert.deepEqual(await codesOf([...Array(8)].map(() => putVault(at))), Array(5).fill('6133'))
  },

  async 'twenty tags and no more'(desk) {
    await using at = await desk()
    const { id } = await putVault(at)
    const set = (key: string) =>
      createVaultTags(at.ports, alice, { path: pathTo(id), query: {}, body: { tag: { key } } })
    const codes = await codesOf([...Array(24)].map((_, number) => set(`k${number}`)))
    assert.deepEqual(codes, Array(4).fill('6600'))
  },

  async 'of two deletions one is accepted'(desk) {
    await using at = await desk()
    const { id } = await putVault(at)
    assert.deepEqual(await codesOf([remove(at, id), remove(at, id)]), ['6112'])
    assert.equal((await at.catalog.read(({ jobs }) => jobs.open())).length, 1)
  },

  async 'nothing enters a vault whose deletion has been accepted'(desk) {
    await using at = await desk()
    for (let round = 0; round < 5; round += 1) {
      const server = aServer()
      at.servers.push(server)
      const { id } = await putVault(at)
      const codes = await codesOf([add(at, id, [server.id]), remove(at, id)])
      assert.ok(codes.length === 0 || codes[0] === '6112', codes.join())
      assert.equal((await vaultNow(at, id))?.status, 'deleting')
      assert.equal((await inside(at, id)).length, 1 - codes.length)
    }
  },

  async 'opposite migrations wait for each other'(desk) {
    await using at = await desk()
    const [one, two] = [await putVault(at), await putVault(at)]
    const servers = [aServer(), aServer()] as const
    at.servers.push(...servers)
    await add(at, one.id, [servers[0].id])
    await add(at, two.id, [servers[1].id])
    const migrate = (from: string, to: string, id: string) =>
      migrateVaultResource(at.ports, alice, {
        path: pathTo(from),
        query: {},
        body: { destination_vault_id: to, resource_ids: [id] },
      })
    await Promise.all([migrate(one.id, two.id, servers[0].id), migrate(two.id, one.id, servers[1].id)])
    assert.equal((await inside(at, one.id))[0]?.id, servers[1].id)
    assert.equal((await inside(at, two.id))[0]?.id, servers[0].id)
  },
}

export function racesSuite(engine: string, open: () => Promise<Catalog>): void {
  const desk: Open = async settings => openDesk(settings, await open())
  suite(`many callers at once on ${engine}`, () => {
    for (const [name, race] of Object.entries(races)) test(name, () => race(desk))
  })
}
