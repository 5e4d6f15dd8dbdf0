/** Our side of QEMU's monitor against a peer that lies, falls silent, or was never a monitor. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Fault, type FaultKind } from '../../ports/fault.ts'
import { devicesOf } from './answers.ts'
import { NobodyThere } from './lines.ts'
import { connectQmp, QmpRefused } from './qmp-client.ts'

const GREETING = '{"QMP": {"version": {}, "capabilities": []}}\n'
const kind = (wanted: FaultKind, text: RegExp) => (error: unknown) =>
  error instanceof Fault && error.kind === wanted && text.test(error.message)

interface Command {
  readonly execute: string
  readonly id: number
}

type Answer = (command: Command, socket: Socket) => void

const returning = ({ id }: Command, value: unknown = {}) => `${JSON.stringify({ return: value, id })}\n`

/** A peer that greets, agrees on capabilities, and answers the rest as it is told. */
async function peer(t: TestContext, answer: Answer, greeting: string | undefined = GREETING): Promise<string> {
  const path = join(tmpdir(), `qmp-${randomBytes(6).toString('hex')}`)
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    if (greeting !== '') socket.write(greeting)
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(line => line !== '')) {
        const command: Command = JSON.parse(line)
        if (command.execute === 'qmp_capabilities') socket.write(returning(command))
        else answer(command, socket)
      }
    })
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return path
}

const open = (path: string) => connectQmp(path, { patience: 1000 })

test('commands and their answers, in pieces and with events between', async t => {
  const path = await peer(t, (command, socket) => {
    const text = `{"event": "RTC_CHANGE", "data": {}}\r\n${returning(command, [command.execute, 'ä'])}`
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += 3) socket.write(bytes.subarray(at, at + 3))
  })
  await using qmp = await open(path)
  deepEqual(await Promise.all([qmp.execute('one'), qmp.execute('two')]), [
    ['one', 'ä'],
    ['two', 'ä'],
  ])
})

test('what it refuses is an error of that command alone, fit for a log', async t => {
  const path = await peer(t, (command, socket) => {
    const refusal = { id: command.id, error: { class: 'GenericError', desc: `no\u0007${'!'.repeat(1000)}` } }
    socket.write(command.execute === 'bad' ? `${JSON.stringify(refusal)}\n` : returning(command, 7))
  })
  await using qmp = await open(path)
  await rejects(qmp.execute('bad'), error => {
    ok(error instanceof QmpRefused)
    ok(error.message.startsWith('the machine refuses bad: no?!!') && error.message.length < 400)
    return true
  })
  equal(await qmp.execute('good'), 7)
})

const lies: readonly (readonly [string, Answer, FaultKind, RegExp])[] = [
  ['sends junk', (_, socket) => socket.write('junk\n'), 'corrupt', /no message: "junk"/],
  ['sends a number', (_, socket) => socket.write('7\n'), 'corrupt', /no message/],
  [
    'answers another question',
    ({ id }, socket) => socket.write(returning({ id: id + 1, execute: '' })),
    'corrupt',
    /not asked/,
  ],
  ['answers without an id', (_, socket) => socket.write('{"return": {}}\n'), 'corrupt', /not asked/],
  ['answers nothing', ({ id }, socket) => socket.write(`{"id": ${id}}\n`), 'corrupt', /neither/],
  ['goes away', (_, socket) => socket.end(), 'unavailable', /ended the connection/],
  ['goes away in the middle', (_, socket) => socket.end('{"retu'), 'unavailable', /ended the connection/],
  ['falls silent', () => undefined, 'unavailable', /does not answer query-jobs within 1 s/],
  ['does not end its line', (_, socket) => socket.write('x'.repeat(17 * 2 ** 20)), 'corrupt', /a line of more than/],
]

for (const [what, answer, fault, words] of lies) {
  test(`a monitor that ${what} fails this command and every later one`, async t => {
    await using qmp = await open(await peer(t, answer))
    await rejects(qmp.execute('query-jobs'), kind(fault, words))
    await rejects(qmp.execute('query-jobs'), kind(fault, words))
  })
}

test('an answer that comes twice ends the connection', async t => {
  await using qmp = await open(
    await peer(t, (command, socket) => socket.write(returning(command) + returning(command))),
  )
  await qmp.execute('one')
  await rejects(qmp.execute('two'), kind('corrupt', /not asked/))
})

test('what is no monitor, or another client has', async t => {
  const silent = () => undefined
  await rejects(open(join(tmpdir(), 'no-such-socket')), NobodyThere)
  await rejects(open(await peer(t, silent, '')), kind('unavailable', /another client/))
  await rejects(open(await peer(t, silent, 'HTTP/1.1 400 Bad Request\n')), kind('corrupt', /no message/))
  await rejects(open(await peer(t, silent, '{"hello": 1}\n')), kind('corrupt', /greets/))
})

const device = {
  'node-name': 'n0',
  drv: 'qcow2',
  file: '/disk',
  ro: false,
  image: { 'virtual-size': 1024, 'format-specific': { type: 'qcow2', data: { compat: '1.1' } } },
  'dirty-bitmaps': [{ name: 'a', granularity: 65_536, recording: true, busy: false, persistent: true }],
}

test('what a machine tells of its disks', async t => {
  const bitmaps = ['busy', 'inconsistent'].map(flaw => ({ ...device['dirty-bitmaps'][0], name: flaw, [flaw]: true }))
  const idle = { ...device['dirty-bitmaps'][0], name: 'idle', recording: false }
  const file = 'json:{"driver": "qcow2", "file": {"driver": "file", "filename": "/inner"}}'
  const told = [
    { device: 'cd' },
    { inserted: { ...device, 'dirty-bitmaps': [...device['dirty-bitmaps'], ...bitmaps, idle] } },
    { inserted: { ...device, drv: 'raw', file } },
  ]
  await using qmp = await open(await peer(t, (command, socket) => socket.write(returning(command, told))))
  const [one, two] = await devicesOf(qmp)
  deepEqual(
    one?.bitmaps.map(({ name, sound }) => [name, sound]),
    [
      ['a', true],
      ['busy', false],
      ['inconsistent', false],
      ['idle', false],
    ],
  )
  deepEqual([one?.lasting, two?.lasting, two?.file], [true, false, '/inner'])
})

for (const [what, told] of [
  ['no list', {}],
  ['a list of numbers', [1]],
  ['a disk without a name', [{ inserted: { ...device, 'node-name': 5 } }]],
  ['a disk of a wrong size', [{ inserted: { ...device, image: { 'virtual-size': -1 } } }]],
  ['a disk without an image', [{ inserted: { ...device, image: undefined } }]],
  [
    'a bitmap of a wrong granularity',
    [{ inserted: { ...device, 'dirty-bitmaps': [{ name: 'a', granularity: 'x' }] } }],
  ],
] as const) {
  test(`disks that make no sense: ${what}`, async t => {
    await using qmp = await open(await peer(t, (command, socket) => socket.write(returning(command, told))))
    await rejects(devicesOf(qmp), kind('corrupt', /makes no sense/))
  })
}
