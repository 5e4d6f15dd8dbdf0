import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { deviceName } from './device-name.ts'

test('device names go on behind z as on Linux', () => {
  equal(
    [0, 1, 25, 26, 27, 51, 52, 701, 702].map(deviceName).join(' '),
    '/dev/vda /dev/vdb /dev/vdz /dev/vdaa /dev/vdab /dev/vdaz /dev/vdba /dev/vdzz /dev/vdaaa',
  )
})
