import { deepEqual, equal, rejects } from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { byteStream, ConnectionEnded } from './byte-stream.ts'
import {
  contextChoiceData,
  contextChoiceOf,
  exportChoiceData,
  exportChoiceOf,
  OPTION_HEAD_BYTES,
  OPTION_REPLY_HEAD_BYTES,
  optionFrame,
  optionHead,
  optionReplyFrame,
  optionReplyHead,
} from './option-frames.ts'
import { sender } from './sender.ts'
import { chunkFrame, chunkHeadOf, REPLY_MAGIC_BYTES, requestFrame, requestOf } from './transmission-frames.ts'

const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
/** Plain objects, as ours are. */
const record = <T>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true })
const text = fc.string({ unit: 'grapheme', maxLength: 50 })

test('what is written is read back', () => {
  const request = record({ flags: u16, command: u16, cookie: u64, offset: u64, length: u32 })
  fc.assert(fc.property(request, one => deepEqual(requestOf(requestFrame(one)), one)))
  const chunk = record({ flags: u16, type: u16, cookie: u64, length: u32 })
  fc.assert(fc.property(chunk, one => deepEqual(chunkHeadOf(chunkFrame(one).subarray(REPLY_MAGIC_BYTES)), one)))
  const exportChoice = record({ name: text, wanted: fc.array(u16, { maxLength: 5 }) })
  fc.assert(fc.property(exportChoice, one => deepEqual(exportChoiceOf(exportChoiceData(one)), one)))
  const contexts = record({ name: text, queries: fc.array(text, { maxLength: 5 }) })
  fc.assert(fc.property(contexts, one => deepEqual(contextChoiceOf(contextChoiceData(one)), one)))
  const data = fc.uint8Array({ maxLength: 99 })
  fc.assert(
    fc.property(u32, u32, data, (option, type, bytes) => {
      const asked = optionFrame(option, bytes)
      deepEqual(optionHead(asked), { option, length: bytes.length })
      deepEqual(asked.subarray(OPTION_HEAD_BYTES), Buffer.from(bytes))
      const reply = optionReplyFrame(option, type, bytes)
      deepEqual(optionReplyHead(reply), { option, type, length: bytes.length })
      deepEqual(reply.subarray(OPTION_REPLY_HEAD_BYTES), Buffer.from(bytes))
    }),
  )
})

test('junk is no frame, and never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 28, maxLength: 200 }), bytes => {
      const junk = Buffer.from(bytes)
      for (const read of [requestOf, optionHead, optionReplyHead]) equal(read(junk), undefined)
      for (const read of [exportChoiceOf, contextChoiceOf]) read(junk)
    }),
  )
  equal(contextChoiceOf(Buffer.from('00000000ffffffff', 'hex')), undefined, 'more queries than there can be')
  equal(exportChoiceOf(Buffer.from('ffffffff', 'hex')), undefined, 'a name longer than everything')
  equal(exportChoiceOf(Buffer.from('00000001ff0000', 'hex')), undefined, 'a name that is no text')
})

test('a stream gives bytes by count, however they arrive', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 20 }),
      fc.array(fc.nat(50), { maxLength: 30 }),
      async (parts, counts) => {
        const all = Buffer.concat(parts)
        const pipe = new PassThrough()
        const stream = byteStream(pipe)
        for (const part of parts) pipe.write(part)
        let at = 0
        for (const count of counts) {
          if (at + count > all.length) break
          if (count % 3 === 0) await stream.skip(count)
          else deepEqual(await stream.take(count), all.subarray(at, at + count))
          at += count
        }
        pipe.end()
        await rejects(stream.take(all.length - at + 1), ConnectionEnded)
      },
    ),
    { numRuns: 50 },
  )
})

test('messages sent at once do not mix, and a reader that stands still is cut off', async () => {
  const pipe = new PassThrough({ highWaterMark: 1000 })
  const send = sender(pipe, 30)
  const [a, b] = [Buffer.alloc(900, 'a'), Buffer.alloc(900, 'b')]
  const sent = [send(a, a), send(b, b)]
  equal((await byteStream(pipe).take(3600)).toString(), 'a'.repeat(1800) + 'b'.repeat(1800))
  await Promise.all(sent)
  await rejects(Promise.all([send(a, a), send(a, a)]), ConnectionEnded)
  await rejects(send(a), ConnectionEnded)
})
