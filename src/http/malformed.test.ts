import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { encodedTarget, type ParserError } from './malformed.ts'

/** What Node's parser says of these bytes. */
async function complaint(packet: string): Promise<ParserError> {
  const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.resume().write(Buffer.from(packet, 'latin1'))
    const [error, peer] = await once(server, 'clientError')
    peer.destroy()
    socket.destroy()
    return error
  } finally {
    server.close()
  }
}

const targetOf = async (line: string) => encodedTarget(await complaint(`${line}\r\nHost: x\r\n\r\n`))

test('the line is found by where the parser gave up', async () => {
  assert.equal(
    await targetOf('GET /v3/p/backups?name=Ubuntu 18.04 server HTTP/1.1'),
    '/v3/p/backups?name=Ubuntu%2018.04%20server',
  )
  assert.equal(await targetOf('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b?c= d HTTP/1.1'), '/b?c=%20d')
  assert.equal(await targetOf('GET /a?b=%20 c+d" HTTP/1.1'), '/a?b=%20%20c+d"')
})

test('nothing else is redirected: other methods and places, other hosts, what is not visible, half a line', async () => {
  for (const line of [
    'POST /a?b=c d HTTP/1.1',
    'GET /a b HTTP/1.1',
    'GET /a b?c=d HTTP/1.1',
    'GET //evil.example/a?b=c d HTTP/1.1',
    'GET http://evil.example/a?b=c d HTTP/1.1',
    'GET /a?b=c\td d HTTP/1.1',
    'GET /a?b=\u00e4 d HTTP/1.1',
    'GET /a?b=c d HTTP/1.0',
    'GET /a?b=c HTTP/1.1 HTTP/1.1',
  ])
    assert.equal(await targetOf(line), undefined, line)
  assert.equal(encodedTarget(await complaint('GET /a?b=c d')), undefined)
})

test('what looks like such a line and is not where the parser gave up is left alone', async () => {
  const body = 'GET /a?b=c d HTTP/1.1\r\n'
  const packet = `POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}nonsense\r\n\r\n`
  assert.equal(encodedTarget(await complaint(packet)), undefined)
})
