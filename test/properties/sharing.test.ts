/**
 * Sharing as clients see it, over HTTP, against the model: any order of actions by the sharer, two recipients and an
 * outsider gets the answers that the contract's state table gives; actions at the same time get answers that some order
 * of them gives. A failure prints the seed; `SEED=... node --test` runs it again.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import fc from 'fast-check'
import {
  type Action,
  type Actor,
  beginning,
  type Outcome,
  type Project,
  step,
  VAULTS,
  type World,
} from './sharing-model.ts'
import { fits, openStage, type Stage } from './sharing-stage.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const ROUNDS = Number(process.env.ROUNDS ?? 15)
const ACTIONS = 40

const actor = fc.constantFrom<Actor>('alice', 'bob', 'carol', 'dave')
const recipient = fc.constantFrom<Actor>('bob', 'bob', 'carol')
const stranger = fc.integer({ min: 0, max: 11 }).map((number): Project => `p${number}`)
const often = <T>(likely: fc.Arbitrary<T>, others: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 8, arbitrary: likely }, { weight: 1, arbitrary: others })
const invited = often<Project>(recipient, fc.oneof(actor, stranger))
const sharer = often(fc.constant<Actor>('alice'), actor)

/**
 * Mostly what the right one would do with the right thing: an outsider's attempts teach little after the first, and
 * after a deletion there is nothing left to share.
 */
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 24, arbitrary: fc.record({ do: fc.constant('offer' as const), by: sharer, to: offered() }) },
  { weight: 40, arbitrary: recipient.chain(answerOf) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('withdraw' as const), by: sharer, of: invited }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('look' as const), by: actor, of: invited }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('list' as const, 'view' as const), by: actor }) },
  { weight: 16, arbitrary: fc.record({ do: fc.constant('make-image' as const), by: often(recipient, actor) }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('drop-image' as const), by: often(recipient, actor) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('delete-backup' as const), by: often(recipient, actor) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete-vault' as const), vault: fc.constantFrom(...VAULTS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete-backup' as const), by: fc.constant<Actor>('alice') }) },
  { weight: 1, arbitrary: fc.constant({ do: 'delete-sharers-vault' as const }) },
)

/** One recipient, or so many projects that the tenth member comes in sight. */
function offered(): fc.Arbitrary<readonly Project[]> {
  const many = fc.uniqueArray(fc.oneof(stranger, recipient, stranger), { minLength: 2, maxLength: 6, size: 'max' })
  return fc.oneof(
    invited.map(project => [project]),
    many,
  )
}

function answerOf(of: Actor): fc.Arbitrary<Action> {
  const vault = often(
    fc.constantFrom(...VAULTS.filter(name => name.startsWith(of.slice(0, 1)))),
    fc.constantFrom(...VAULTS),
  )
  const given = { do: fc.constant('answer' as const), by: often(fc.constant(of), actor), of: fc.constant(of) }
  return fc.oneof(
    { weight: 10, arbitrary: fc.record({ ...given, status: fc.constant('accepted' as const), vault }) },
    { weight: 1, arbitrary: fc.record({ ...given, status: fc.constant('accepted' as const) }) },
    {
      weight: 5,
      arbitrary: fc.record({ ...given, status: fc.constantFrom('rejected' as const, 'pending' as const) }),
    },
  )
}

/** Every scene begins with an offer, so that there is something to answer. */
const opening: Action = { do: 'offer', by: 'alice', to: ['bob', 'carol'] }
const actionsUpTo = (most: number) =>
  fc.array(action, { minLength: most / 4, maxLength: most, size: 'max' }).map(actions => [opening, ...actions])

suite(`sharing, seed ${seed}`, () => {
  let stage: Stage
  before(async () => {
    stage = await openStage()
  })
  after(() => stage.close())

  test('one after the other: each answer is the one of the table', async () => {
    await fc.assert(
      fc.asyncProperty(actionsUpTo(ACTIONS), async actions => {
        await using scene = await stage.newScene()
        let world = beginning
        for (const [at, next] of actions.entries()) {
          const expected = step(world, next)
          const outcome = await scene.play(next)
          assert.ok(
            fits(expected.outcome, outcome),
            `${at}. ${JSON.stringify(next)}: ${outcome}, not ${expected.outcome}`,
          )
          if (outcome === '204') await scene.settled(next)
          world = expected.world
        }
        await scene.check(world)
      }),
      { seed, numRuns: ROUNDS, endOnFailure: true },
    )
  })

  test('two at the same time: some order explains both answers and what is left', async () => {
    await fc.assert(
      fc.asyncProperty(actionsUpTo(12), fc.tuple(action, action), async (first, [one, two]) => {
        await using scene = await stage.newScene()
        let world = beginning
        for (const next of first) {
          const { outcome, world: then } = step(world, next)
          assert.ok(fits(outcome, await scene.play(next)))
          if (outcome === '204') await scene.settled(next)
          world = then
        }
        const outcomes = await Promise.all([scene.play(one), scene.play(two)])
        for (const next of [one, two]) await scene.settled(next)
        await explained(scene, world, [one, two], outcomes)
      }),
      { seed, numRuns: 2 * ROUNDS, endOnFailure: true },
    )
  })
})

/** A vault on its way out is still there for a moment, in a state that allows nothing. */
const fitsMeanwhile = (expected: Outcome, outcome: string): boolean =>
  fits(expected, outcome) || (expected === '6105' && outcome === '6712')

async function explained(
  scene: Awaited<ReturnType<Stage['newScene']>>,
  world: World,
  [one, two]: readonly [Action, Action],
  [first, second]: readonly [string, string],
): Promise<void> {
  const orders = [
    { actions: [one, two], outcomes: [first, second] },
    { actions: [two, one], outcomes: [second, first] },
  ]
  const worlds = orders.flatMap(({ actions, outcomes }) => {
    let after: World | undefined = world
    for (const [at, next] of actions.entries()) {
      const expected: ReturnType<typeof step> | undefined = after && step(after, next)
      after = expected && fitsMeanwhile(expected.outcome, outcomes[at] ?? '') ? expected.world : undefined
    }
    return after ? [after] : []
  })
  assert.notEqual(worlds.length, 0, `no order explains ${JSON.stringify([one, first, two, second])}`)
  const checks = await Promise.allSettled(worlds.map(left => scene.check(left)))
  const failed = checks.filter(check => check.status === 'rejected')
  if (failed.length === checks.length) throw failed[0]?.reason
}
