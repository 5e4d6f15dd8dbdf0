import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import type { ObjectStore } from '../../ports/object-store.ts'

const text = (it: string): Uint8Array => Buffer.from(it)
const kind = (wanted: FaultKind) => (error: unknown) => error instanceof Fault && error.kind === wanted

/** False for the refusal that is meant. */
const refusedAs = (wanted: FaultKind) => (error: unknown) => {
  ok(kind(wanted)(error), String(error))
  return false
}

async function keysOf(store: ObjectStore, prefix: string): Promise<readonly string[]> {
  return (await Array.fromAsync(store.list(prefix))).map(object => object.key)
}

/** What ports/object-store.ts promises, for every adapter. `open` hands out a new, empty store. */
export function objectStoreSuite(name: string, open: (context: TestContext) => Promise<ObjectStore>): void {
  const promise = (what: string, hold: (store: ObjectStore) => Promise<void>): void => {
    test(`${name}: ${what}`, async context => {
      const store = await open(context)
      try {
        await hold(store)
      } finally {
        await store.close()
      }
    })
  }
  bytesPromises(promise)
  namesPromises(promise)
  listingPromises(promise)
  concurrencyPromises(promise)
}

type Promising = (what: string, hold: (store: ObjectStore) => Promise<void>) => void

function bytesPromises(promise: Promising): void {
  promise('what was put is got, whole and in ranges, from one part, many, or none', async store => {
    const many = Array.from({ length: 5000 }, (_, at) => text(`${at},`))
    await store.put('a/many', many)
    deepEqual(await store.get('a/many'), Buffer.concat(many))
    await store.put('a/none', [])
    equal((await store.get('a/none')).length, 0)
    equal((await store.getRange('a/none', 0, 0)).length, 0)
    const object = randomBytes(300_000)
    await store.put('a/one', [object.subarray(0, 1), new Uint8Array(0), object.subarray(1)])
    for (const [offset, length] of [
      [0, 300_000],
      [0, 1],
      [299_999, 1],
      [123, 77_000],
      [300_000, 0],
    ] as const)
      deepEqual(await store.getRange('a/one', offset, length), object.subarray(offset, offset + length))
  })

  promise('a range past the end is corrupt, one that cannot be is a bug', async store => {
    await store.put('a', [text('12345')])
    for (const [offset, length] of [
      [0, 6],
      [5, 1],
      [6, 0],
      [0, 2 ** 40],
    ] as const)
      await rejects(store.getRange('a', offset, length), kind('corrupt'))
    for (const [offset, length] of [
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, Number.NaN],
    ] as const)
      await rejects(async () => store.getRange('a', offset, length), RangeError)
  })

  promise('what was handed in may be changed afterwards, what was handed out as well', async store => {
    const part = Buffer.from('first')
    await store.put('a', [part])
    part.fill('x')
    const got = await store.get('a')
    got.fill('y')
    ;(await store.getRange('a', 0, 5)).fill('z')
    equal((await store.get('a')).toString(), 'first')
  })

  promise('a second put replaces the whole object, also for who read it before', async store => {
    await store.put('a', [text('a long first content')])
    equal((await store.getRange('a', 2, 4)).toString(), 'long')
    await store.put('a', [text('second')])
    equal((await store.getRange('a', 0, 6)).toString(), 'second')
    await rejects(store.getRange('a', 0, 7), kind('corrupt'))
    deepEqual(await keysOf(store, ''), ['a'])
  })

  promise('putNew never replaces', async store => {
    equal(await store.putNew('k/a', [text('first')]), true)
    equal(await store.putNew('k/a', [text('second')]), false)
    equal((await store.get('k/a')).toString(), 'first')
    await store.remove(['k/a'])
    equal(await store.putNew('k/a', [text('third')]), true)
    equal((await store.get('k/a')).toString(), 'third')
  })
}

function namesPromises(promise: Promising): void {
  promise('a missing object is missing, a folder is none, and removing it is fine', async store => {
    await store.put('a/b/c', [text('x')])
    for (const key of ['none', 'a', 'a/b', 'a/b/c/d', 'a/none/c']) {
      await rejects(store.get(key), kind('missing'), key)
      await rejects(store.getRange(key, 0, 1), kind('missing'), key)
      await store.remove([key])
    }
    await store.remove(['a/b/c', 'a/b/c'])
    await rejects(store.get('a/b/c'), kind('missing'))
    await store.put('a/b/c', [text('again')])
    await store.remove([])
    equal((await store.get('a/b/c')).toString(), 'again')
  })

  promise('what was read in parts is missing once removed', async store => {
    await store.put('a', [text('12345')])
    await store.getRange('a', 0, 2)
    await store.remove(['a'])
    await rejects(store.getRange('a', 0, 2), kind('missing'))
  })

  promise('a key that would be the folder of another is refused, or is there beside it', async store => {
    await store.put('a/b', [text('x')])
    const there = ['a/b']
    for (const key of ['a', 'a/b/c', 'a/b/c/d']) {
      const put = await store.put(key, [text('yy')]).then(() => true, refusedAs('conflict'))
      equal(await store.putNew(key, [text('z')]).catch(refusedAs('conflict')), false, key)
      if (put) there.push(key)
    }
    deepEqual(await keysOf(store, ''), there.sort())
    equal((await store.get('a/b')).toString(), 'x')
  })

  promise('a key that is none is a bug, and reaches nothing', async store => {
    const hostile = ['', '/', '/etc/passwd', '..', '../x', 'a/../../x', 'a//b', 'a/', './a', 'a/.', 'A', 'a b', 'a\0b']
    for (const key of [...hostile, 'ä', 'a\\b', 'a'.repeat(201), `${'a/'.repeat(450)}a`]) {
      await rejects(async () => store.put(key, [text('x')]), RangeError, key)
      await rejects(async () => store.putNew(key, [text('x')]), RangeError, key)
      await rejects(async () => store.get(key), RangeError, key)
      await rejects(async () => store.getRange(key, 0, 1), RangeError, key)
      await rejects(async () => store.remove(['fine', key]), RangeError, key)
    }
    for (const prefix of ['/', '../', 'a/../', 'a//', 'A', 'a\0'])
      await rejects(async () => Array.fromAsync(store.list(prefix)), RangeError, prefix)
    deepEqual(await keysOf(store, ''), [])
  })
}

function listingPromises(promise: Promising): void {
  promise('lists and counts what begins with a prefix cut anywhere, in order of key', async store => {
    const keys = ['a.b', 'a/b', 'a-b/c', 'a/b.c/d', 'a/b-c', 'a/b0/d', 'ab', 'b/a', 'a/b.c/.d', '...']
    for (const key of keys) await store.put(key, [text(key)])
    for (const prefix of ['', 'a', 'a/', 'a/b', 'a/b.', 'a/b.c/', 'a/b.c/.', 'b/a', 'c', 'a/b/c/', '.']) {
      const wanted = keys.filter(key => key.startsWith(prefix)).sort()
      deepEqual(await keysOf(store, prefix), wanted, prefix)
      equal(await store.usage(prefix), wanted.join('').length, prefix)
    }
  })

  promise('lists any keys in order (property)', async store => {
    const part = fc.stringMatching(/^[a-c0.-]{1,3}$/).filter(it => !/^\.{1,2}$/.test(it))
    const key = fc.array(part, { minLength: 1, maxLength: 3 }).map(parts => parts.join('/'))
    const fits = (keys: readonly string[]) => keys.every(one => !keys.some(other => other.startsWith(`${one}/`)))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }).filter(fits), async keys => {
        const at = crypto.randomUUID()
        await Promise.all(keys.map(one => store.put(`${at}/${one}`, [text(one)])))
        deepEqual(await keysOf(store, `${at}/`), keys.map(one => `${at}/${one}`).sort())
      }),
      { numRuns: 30 },
    )
  })

  promise('a listing under way has all that stays, whatever comes and goes', async store => {
    const stays = Array.from({ length: 150 }, (_, at) => `p/${String(at).padStart(3, '0')}`)
    await Promise.all(stays.map(key => store.put(key, [text('x')])))
    await Promise.all(stays.map(key => store.put(`${key}.goes`, [text('x')])))
    const seen: string[] = []
    for await (const { key } of store.list('p/')) {
      seen.push(key)
      if (seen.length === 3) await store.remove(stays.map(it => `${it}.goes`))
      if (seen.length === 5) await store.put('p/new', [text('x')])
    }
    deepEqual(
      seen.filter(key => /\d$/.test(key)),
      stays,
    )
    deepEqual(seen, [...seen].sort())
  })
}

function concurrencyPromises(promise: Promising): void {
  promise('of concurrent puts of a key one wins whole; of concurrent putNews exactly one', async store => {
    const contents = Array.from({ length: 20 }, (_, at) => Buffer.alloc(50_000, at))
    await Promise.all(contents.map(content => store.put('a/b', [content])))
    const got = await store.get('a/b')
    ok(contents.some(content => content.equals(got)))
    const won = await Promise.all(contents.map(content => store.putNew('new/deep/a', [content])))
    equal(won.filter(Boolean).length, 1)
    deepEqual(await store.get('new/deep/a'), contents[won.indexOf(true)])
  })

  promise('many objects are put, read in parts and removed beside each other', async store => {
    const objects = Array.from({ length: 100 }, (_, at) => ({ key: `c/${at % 7}/${at}`, content: randomBytes(5000) }))
    await Promise.all(objects.map(({ key, content }) => store.put(key, [content])))
    await Promise.all(
      [...objects, ...objects, ...objects].map(async ({ key, content }, at) => {
        const offset = (at * 37) % 4000
        deepEqual(await store.getRange(key, offset, 1000), content.subarray(offset, offset + 1000))
      }),
    )
    await Promise.all(objects.map(({ key }) => store.remove([key])))
    deepEqual(await keysOf(store, ''), [])
    equal(await store.usage(''), 0)
  })

  promise('sweeping at start leaves the objects', async store => {
    await store.put('a', [text('x')])
    await store.sweepInterrupted(new Date())
    await store.sweepInterrupted(new Date(0))
    deepEqual(await keysOf(store, ''), ['a'])
  })
}
