/**
 * Sharing as clients see it, over HTTP, against the model: any order of actions by the sharer, two recipients and an
 * outsider gets the answers that the contract's state table gives; actions at the same time get answers that some order
 * of them gives. A failure prints the seed; `SEED=... node --test` runs it again.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import fc from 'fast-check'
import { type Action, type Actor, beginning, type Project, step, VAULTS, type World } from './sharing-model.ts'
import { fits, openStage, type Stage } from './sharing-stage.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const ROUNDS = Number(process.env.ROUNDS ?? 25)
const ACTIONS = 40

const actor = fc.constantFrom<Actor>('alice', 'bob', 'carol', 'dave')
const recipient = fc.constantFrom<Actor>('bob', 'bob', 'bob', 'carol', 'carol', 'alice', 'dave')
const stranger = fc.integer({ min: 0, max: 11 }).map((number): Project => `p${number}`)
const project = fc.oneof({ weight: 3, arbitrary: recipient }, { weight: 1, arbitrary: stranger })
const vault = fc.constantFrom(...VAULTS)
const often = <T>(likely: T, others: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(likely) }, { weight: 1, arbitrary: others })

/** Mostly what the right one would do: an outsider's attempts teach little after the first. */
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('offer' as const),
      by: often<Actor>('alice', actor),
      to: fc.uniqueArray(project, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 9, arbitrary: recipient.chain(of => answerOf(of)) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('withdraw' as const), by: often<Actor>('alice', actor), of: project }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('look' as const), by: actor, of: project }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('list' as const, 'view' as const), by: actor }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('make-image' as const), by: recipient }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('drop-image' as const), by: recipient }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete-backup' as const), by: recipient }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete-vault' as const), vault }) },
  { weight: 1, arbitrary: fc.constant({ do: 'delete-sharers-vault' as const }) },
)

function answerOf(of: Actor): fc.Arbitrary<Action> {
  const given = { do: fc.constant('answer' as const), by: often<Actor>(of, actor), of: fc.constant(of) }
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ ...given, status: fc.constant('accepted' as const), vault }) },
    { weight: 1, arbitrary: fc.record({ ...given, status: fc.constant('accepted' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({ ...given, status: fc.constantFrom('rejected' as const, 'pending' as const) }),
    },
  )
}

suite(`sharing, seed ${seed}`, () => {
  let stage: Stage
  before(async () => {
    stage = await openStage()
  })
  after(() => stage.close())

  test('one after the other: each answer is the one of the table', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: ACTIONS, size: 'max' }), async actions => {
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
      fc.asyncProperty(
        fc.array(action, { minLength: 3, maxLength: 12, size: 'max' }),
        fc.tuple(action, action),
        async (first, [one, two]) => {
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
        },
      ),
      { seed, numRuns: 2 * ROUNDS, endOnFailure: true },
    )
  })
})

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
      after = expected && fits(expected.outcome, outcomes[at] ?? '') ? expected.world : undefined
    }
    return after ? [after] : []
  })
  assert.notEqual(worlds.length, 0, `no order explains ${JSON.stringify([one, first, two, second])}`)
  const checks = await Promise.allSettled(worlds.map(left => scene.check(left)))
  const failed = checks.filter(check => check.status === 'rejected')
  if (failed.length === checks.length) throw failed[0]?.reason
}
