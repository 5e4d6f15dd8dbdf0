/** The rules of sharing, held to semantics 8 on a real catalog of either engine. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Ear, listenIn } from '../../../test/listening.ts'
import {
  calls,
  EXTRA_DOMAIN,
  extraProjects,
  FULL_BYTES,
  GIB,
  type Ground,
  groundOn,
  other,
  outcomeOf,
  putBackup,
  putVault,
  recipient,
  sharer,
  usedBytesOf,
} from '../../../test/sharing-ground.ts'
import {
  accept,
  image,
  type Row,
  rows,
  type Scene,
  STATES,
  type State,
  sceneIn,
  stateOf,
  toBackup,
} from '../../../test/sharing-table.ts'
import type { BackupRecord } from '../../ports/catalog/backup.ts'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import type { VaultRecord } from '../../ports/catalog/vault.ts'
import { deleteBackup } from '../backup/delete-backup.ts'
import { showBackup } from '../backup/show-backup.ts'

export function sharingSuite(engine: string, open: () => Promise<Catalog>): void {
  suite(`sharing on ${engine}`, () => {
    let catalog: Catalog
    let ground: Ground
    let ears: readonly Ear[]
    before(async () => {
      catalog = await open()
      ground = groundOn(catalog)
      const listeners = [sharer, recipient, other].map(({ projectId }) => listenIn(catalog, projectId))
      ears = await Promise.all(listeners)
    })
    after(() => catalog.close())
    for (const row of rows) stateRow(() => ({ ground, ears }), row)
    offers(() => ground)
    answers(() => ground)
    listings(() => ground)
    races(() => ground)
  })
}

interface Stage {
  readonly ground: Ground
  /** Of the sharer, the recipient, and a stranger. */
  readonly ears: readonly Ear[]
}

function stateRow(stage: () => Stage, [name, action, expected, event]: Row): void {
  for (const state of STATES) {
    const result = expected[state]
    if (result === undefined) continue
    test(`${state}: ${name} -> ${result}`, async () => {
      const { ground, ears } = stage()
      const scene = await sceneIn(ground, state)
      for (const ear of ears) await ear()
      const outcome = await outcomeOf(action(scene))
      const now = await stateOf(scene)
      if (/^\d/.test(result)) assert.deepEqual([outcome, now], [result, state])
      else assert.deepEqual([outcome, now], ['ok', result])
      await checkSpace(scene, now)
      await checkTold(ears, scene, now === state ? undefined : event)
    })
  }
}

/** An accepted share occupies the recipient's vault once, anything else not at all; who rejected sees the backup no more. */
async function checkSpace(scene: Scene, state: State): Promise<void> {
  const vaults = [scene.vault, scene.spare]
  const used = await Promise.all(vaults.map(vault => usedBytesOf(scene.ground, vault)))
  const accepted = state === 'A' || state === 'A+img'
  assert.deepEqual(
    used.filter(bytes => bytes !== 0),
    accepted ? [FULL_BYTES] : [],
  )
  const seen = await outcomeOf(showBackup(scene.ground.ports, recipient, { ...toBackup(scene, recipient), query: {} }))
  assert.equal(seen, accepted || state === 'P' ? 'ok' : '6200')
}

/** A change of the share is told to both sides, once; whatever changes nothing is told to nobody. */
async function checkTold(ears: readonly Ear[], { backup }: Scene, event: Row[3]): Promise<void> {
  const [sharers = [], recipients = [], strangers] = await Promise.all(ears.map(ear => ear()))
  const told = [sharer, recipient].map(({ projectId }) => [projectId, event, backup.id, recipient.projectId])
  const heard = [...sharers, ...recipients].map(({ type, project_id: project, data }) => [
    project,
    type,
    data.backup.id,
    data.member.dest_project_id,
  ])
  assert.deepEqual(heard, event === undefined ? [] : told)
  assert.deepEqual(strangers, [])
}

function offers(ground: () => Ground): void {
  test('the answer holds the new records in request order, and how many there are now', async () => {
    const { backup } = await sceneIn(ground(), 'P')
    const wanted = [extraProjects[7], other.projectId, extraProjects[3]] as string[]
    const { members, count } = await calls(ground()).post(sharer, backup.id, wanted)
    assert.equal(count, 4)
    assert.deepEqual(
      members?.map(member => member.dest_project_id),
      wanted,
    )
    for (const member of members ?? []) {
      assert.deepEqual(Object.keys(member).sort(), ['backup_id', 'created_at', 'dest_project_id', 'id', 'status'])
      assert.match(member.created_at ?? '', /^2026-11-23T14:\d\d:\d\d\.209\+00:00$/)
    }
  })

  test('a domain stands for its projects, without the sharer itself', async () => {
    const scene = await sceneIn(ground(), 'none')
    const { members } = await calls(ground()).post(sharer, scene.backup.id, [extraProjects[0] ?? ''], ['acme-id'])
    assert.deepEqual(
      members?.map(member => member.dest_project_id),
      [extraProjects[0], recipient.projectId, other.projectId],
    )
    const { post } = calls(ground())
    assert.equal(await outcomeOf(post(sharer, scene.backup.id, [], ['nobody'])), '6704')
    assert.equal(await outcomeOf(post(sharer, scene.backup.id, [], ['acme-id'])), '6703')
    assert.equal(await outcomeOf(post(sharer, (await sceneIn(ground(), 'none')).backup.id, [], [EXTRA_DOMAIN])), '6701')
  })

  for (const id of ['not-a-project', sharer.projectId, 'f'.repeat(32), '', '\0']) {
    test(`no share with ${JSON.stringify(id)}, nor with those named beside it`, async () => {
      const scene = await sceneIn(ground(), 'none')
      assert.equal(await outcomeOf(calls(ground()).post(sharer, scene.backup.id, [recipient.projectId, id])), '6704')
      assert.equal(await stateOf(scene), 'none')
    })
  }

  test("a server's disk backup is shared with its server only", async () => {
    const { backup } = await sceneIn(ground(), 'A')
    const [child] = await ground().catalog.read(({ backups }) => backups.childrenOf([backup.id]))
    assert.equal(await outcomeOf(calls(ground()).post(sharer, child?.id ?? '', [recipient.projectId])), '6707')
    assert.equal(await outcomeOf(calls(ground()).post(recipient, child?.id ?? '', [other.projectId])), '6200')
  })

  test('a disk backup can be shared, one of a file system cannot', async () => {
    const vault = await putVault(ground(), sharer, { objectType: 'disk' })
    const disk = await putBackup(ground(), vault, { resourceType: 'OS::Cinder::Volume' })
    assert.equal(await outcomeOf(calls(ground()).post(sharer, disk.id, [recipient.projectId])), 'ok')
    const turbo = await putBackup(ground(), vault, { resourceType: 'OS::Sfs::Turbo' })
    assert.equal(await outcomeOf(calls(ground()).post(sharer, turbo.id, [recipient.projectId])), '6700')
  })

  orderOfOffers(ground)
}

/** What can be wrong with an offer, in the order of semantics 8.4; each spoils one thing and leaves the rest right. */
interface Offered {
  caller: typeof sharer
  members: string[]
  readonly patch: Partial<Pick<BackupRecord, 'resourceType' | 'imageType' | 'status' | 'encrypted' | 'projectId'>>
  vaultStatus: VaultRecord['status']
  present: readonly string[]
}
const offerFaults: readonly (readonly [code: string, spoil: (offer: Offered) => void])[] = [
  ['6714', offer => Object.assign(offer, { caller: recipient })],
  ['6700', offer => Object.assign(offer.patch, { resourceType: 'OS::Sfs::Turbo' })],
  ['6707', offer => Object.assign(offer.patch, { imageType: 'replication' })],
  ['6702', offer => Object.assign(offer.patch, { status: 'restoring' })],
  ['6712', offer => Object.assign(offer, { vaultStatus: 'frozen' })],
  ['6709', offer => Object.assign(offer.patch, { encrypted: true })],
  ['6704', offer => offer.members.push('f'.repeat(32))],
  ['6703', offer => offer.members.push(recipient.projectId)],
  ['6701', offer => Object.assign(offer, { present: extraProjects.slice(0, 9) })],
]

function orderOfOffers(ground: () => Ground): void {
  for (const [first, [code, spoil]] of offerFaults.entries()) {
    test(`6200 comes before ${code}`, async () => {
      assert.equal(await offered(ground(), [spoil, offer => Object.assign(offer, { caller: other })]), '6200')
    })
    for (const [later, spoilToo] of offerFaults.slice(first)) {
      test(`an offer with ${code} and ${later} wrong is refused with ${code}`, async () => {
        assert.equal(await offered(ground(), [spoil, spoilToo]), code)
      })
    }
  }
}

/** Offers to two strangers a backup that the recipient has been offered already; answers the outcome. */
async function offered(ground: Ground, faults: readonly ((offer: Offered) => void)[]): Promise<string> {
  const [one = '', two = ''] = extraProjects.slice(-2)
  const offer: Offered = { caller: sharer, members: [one, two], patch: {}, vaultStatus: 'available', present: [] }
  for (const spoil of new Set(faults)) spoil(offer)
  const { backup, sharersVault } = await sceneIn(ground, 'P')
  if (offer.present.length > 0) await calls(ground).post(sharer, backup.id, offer.present)
  await ground.catalog.change(async ({ backups, vaults }) => {
    await backups.update([backup.id], offer.patch)
    await vaults.update(sharersVault.id, { status: offer.vaultStatus })
  })
  return outcomeOf(calls(ground).post(offer.caller, backup.id, offer.members))
}

function answers(ground: () => Ground): void {
  test('accepting names the vault, charges it and tells the sharer; rejecting takes both back', async () => {
    const scene = await sceneIn(ground(), 'P')
    const { put, get } = calls(ground())
    const { member } = await put(recipient, scene.backup.id, { ...accept(scene), _: scene.backup.id })
    assert.equal(member?.vault_id, scene.vault.id)
    assert.equal(member?.status, 'accepted')
    assert.ok(member?.updated_at)
    assert.deepEqual(await get(sharer, scene.backup.id, recipient.projectId), { member })
    assert.deepEqual(await get(sharer, scene.backup.id, member.id ?? ''), { member })
    const rejected = await put(recipient, scene.backup.id, { status: 'rejected', vault_id: null }, member.id)
    assert.equal(rejected.member?.status, 'rejected')
    assert.equal('vault_id' in (rejected.member ?? {}), false)
    assert.deepEqual(await get(recipient, scene.backup.id, recipient.projectId), rejected)
  })

  test('the image is named while it exists, and who made it cannot be removed', async () => {
    const scene = await sceneIn(ground(), 'A+img')
    const { member } = await calls(ground()).get(sharer, scene.backup.id, recipient.projectId)
    const [made] = await ground().catalog.read(({ images }) => images.ofBackups([scene.backup.id]))
    assert.equal(member?.image_id, made?.id)
  })

  for (const wrong of [{}, { status: 'maybe' }, { status: 7 }, { status: 'accepted', vault_id: 'v1' }]) {
    test(`an answer ${JSON.stringify(wrong)} is 6706`, async () => {
      const { backup } = await sceneIn(ground(), 'P')
      assert.equal(await outcomeOf(calls(ground()).put(recipient, backup.id, wrong)), '6706')
    })
  }

  for (const [sizeGb, result] of [
    [FULL_BYTES / GIB, '6129'],
    [FULL_BYTES / GIB + 1, 'ok'],
  ] as const) {
    test(`${FULL_BYTES / GIB} GB into a vault of ${sizeGb} GB: ${result}`, async () => {
      const { backup } = await sceneIn(ground(), 'P')
      const vault = await putVault(ground(), recipient, { sizeGb })
      assert.equal(await outcomeOf(calls(ground()).put(recipient, backup.id, accept({ vault }))), result)
    })
  }

  test('a vault in expansion takes shares', async () => {
    const { backup } = await sceneIn(ground(), 'P')
    const vault = await putVault(ground(), recipient, { status: 'lock' })
    assert.equal(await outcomeOf(calls(ground()).put(recipient, backup.id, accept({ vault }))), 'ok')
  })

  test('an unknown backup is 6200, another recipient is told of nobody else', async () => {
    const scene = await sceneIn(ground(), 'P')
    const { post, put, get } = calls(ground())
    assert.equal(await outcomeOf(put(recipient, crypto.randomUUID(), accept(scene))), '6200')
    await post(sharer, scene.backup.id, [other.projectId])
    assert.equal(await outcomeOf(get(other, scene.backup.id, recipient.projectId)), '6705')
    assert.equal(await outcomeOf(put(other, scene.backup.id, accept(scene), recipient.projectId)), '6705')
  })

  orderOfAnswers(ground)
}

/** What can be wrong with an acceptance, in the order of semantics 8.5. */
interface Accepted {
  caller: typeof sharer
  body: object
  backup: Partial<Pick<BackupRecord, 'status' | 'encrypted'>>
  vault: Partial<VaultRecord>
}
const answerFaults: readonly (readonly [code: string, spoil: (answer: Accepted) => void])[] = [
  ['6705', answer => Object.assign(answer, { caller: other })],
  ['6706', answer => Object.assign(answer.body, { vault_id: undefined })],
  ['6702', answer => Object.assign(answer.backup, { status: 'error' })],
  ['6105', answer => Object.assign(answer.vault, { projectId: sharer.projectId })],
  ['6712', answer => Object.assign(answer.vault, { status: 'frozen' })],
  ['6713', answer => Object.assign(answer.vault, { protectType: 'replication' })],
  ['6713', answer => Object.assign(answer.vault, { objectType: 'disk' })],
  ['6129', answer => Object.assign(answer.vault, { usedBytes: 99 * GIB })],
  ['6709', answer => Object.assign(answer.backup, { encrypted: true })],
]

function orderOfAnswers(ground: () => Ground): void {
  for (const [first, [code, spoil]] of answerFaults.entries()) {
    for (const [at, [later, spoilToo]] of answerFaults.slice(first).entries()) {
      test(`an answer with ${code} (${first}) and ${later} (${first + at}) wrong is refused with ${code}`, async () => {
        const answer: Accepted = { caller: recipient, body: {}, backup: {}, vault: {} }
        const { backup } = await sceneIn(ground(), 'P')
        Object.assign(answer.body, { status: 'accepted', vault_id: 'set below' })
        for (const spoiling of new Set([spoil, spoilToo])) spoiling(answer)
        const vault = await putVault(ground(), recipient, answer.vault)
        if ('vault_id' in answer.body && answer.body.vault_id) Object.assign(answer.body, { vault_id: vault.id })
        await ground().catalog.change(({ backups }) => backups.update([backup.id], answer.backup))
        assert.equal(await outcomeOf(calls(ground()).put(answer.caller, backup.id, answer.body)), code)
      })
    }
  }
}

function listings(ground: () => Ground): void {
  test('members are paged, filtered and sorted; a recipient finds itself alone', async () => {
    const scene = await sceneIn(ground(), 'A')
    const { post, list } = calls(ground())
    const later = extraProjects.slice(0, 5)
    await post(sharer, scene.backup.id, later)
    const projects = async (query: Parameters<typeof list>[2], caller = sharer) => {
      const { members, count } = await list(caller, scene.backup.id, query)
      return { count, found: members?.map(member => member.dest_project_id) }
    }
    const { members = [] } = await list(sharer, scene.backup.id)
    assert.equal(members.length, 6)
    assert.equal(members.at(-1)?.dest_project_id, recipient.projectId, 'newest first')
    assert.deepEqual(await projects({ offset: 5 }), { count: 6, found: [recipient.projectId] })
    assert.deepEqual(await projects({ offset: 6 }), { count: 6, found: [] })
    assert.deepEqual(await projects({ limit: 2, sort: 'dest_project_id:asc' }), {
      count: 6,
      found: [recipient.projectId, later[0]],
    })
    assert.deepEqual((await projects({ marker: members[4]?.id ?? '' })).found, [recipient.projectId])
    assert.deepEqual((await projects({ marker: crypto.randomUUID() })).found, [])
    assert.deepEqual(await projects({ status: 'accepted' }), { count: 1, found: [recipient.projectId] })
    assert.deepEqual((await projects({ vault_id: scene.vault.id })).found, [recipient.projectId])
    assert.deepEqual((await projects({ image_id: crypto.randomUUID() })).found, [])
    assert.deepEqual((await projects({ dest_project_id: later[2] ?? '' })).found, [later[2]])
    assert.equal(await outcomeOf(list(sharer, scene.backup.id, { sort: 'colour' })), '9900')
    assert.deepEqual(await projects({}, recipient), { count: 1, found: [recipient.projectId] })
    assert.deepEqual(await projects({ dest_project_id: later[2] ?? '' }, recipient), { count: 0, found: [] })
  })
}

function races(ground: () => Ground): void {
  test('of 20 offers at once ten are made', async () => {
    const { backup } = await sceneIn(ground(), 'none')
    const { post, list } = calls(ground())
    const outcomes = await Promise.all(extraProjects.map(id => outcomeOf(post(sharer, backup.id, [id]))))
    assert.deepEqual(Map.groupBy(outcomes, outcome => outcome).get('ok')?.length, 10)
    assert.deepEqual(Map.groupBy(outcomes, outcome => outcome).get('6701')?.length, 10)
    assert.equal((await list(sharer, backup.id)).count, 10)
  })

  test('the same offer twice at once is made once', async () => {
    const { backup } = await sceneIn(ground(), 'none')
    const offer = () => outcomeOf(calls(ground()).post(sharer, backup.id, [recipient.projectId]))
    assert.deepEqual((await Promise.all([offer(), offer(), offer()])).sort(), ['6703', '6703', 'ok'])
  })

  test('two acceptances at once share the room that only one has', async () => {
    const scenes = [await sceneIn(ground(), 'P'), await sceneIn(ground(), 'P')]
    const vault = await putVault(ground(), recipient, { sizeGb: 5 })
    const outcomes = await Promise.all(
      scenes.map(({ backup }) => outcomeOf(calls(ground()).put(recipient, backup.id, accept({ vault })))),
    )
    assert.deepEqual(outcomes.sort(), ['6129', 'ok'])
    assert.equal(await usedBytesOf(ground(), vault), FULL_BYTES)
  })

  test('acceptance, rejection, revocation and deletion at once leave nothing charged that is not accepted', async () => {
    for (let round = 0; round < 10; round += 1) {
      const scene = await sceneIn(ground(), 'P')
      const { put, remove } = calls(ground())
      await Promise.all([
        outcomeOf(put(recipient, scene.backup.id, accept(scene))),
        outcomeOf(put(recipient, scene.backup.id, { status: 'rejected' })),
        outcomeOf(image(scene)),
        outcomeOf(remove(sharer, scene.backup.id, recipient.projectId)),
        outcomeOf(deleteBackup(ground().ports, sharer, toBackup(scene, sharer))),
      ])
      const state = await stateOf(scene)
      assert.equal(await usedBytesOf(ground(), scene.vault), state === 'A' || state === 'A+img' ? FULL_BYTES : 0)
    }
  })
}
