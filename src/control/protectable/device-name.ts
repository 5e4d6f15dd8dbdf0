/** What a server's disk is called in the order of attaching, from 0: `/dev/vda` to `/dev/vdz`, then `/dev/vdaa`. */
export function deviceName(place: number): string {
  let letters = ''
  for (let left = place; left >= 0; left = Math.floor(left / 26) - 1)
    letters = String.fromCharCode(97 + (left % 26)) + letters
  return `/dev/vd${letters}`
}
