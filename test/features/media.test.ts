import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { rm, utimes, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import sharp from 'sharp'
import type { Media } from '../../src/features/media/contract.ts'
import type { Message } from '../../src/features/messaging/contract.ts'
import { acquaint } from '../support/acquaint.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp } from '../support/cast.ts'
import { byHttp, doors, through } from '../support/doors.ts'
import { type Answer, ask } from '../support/http.ts'
import { gif, hugePng, mp4, multipart, multipartType, picture, sendParts, tryUpload, upload, wav, webm } from '../support/media.ts'

describe('a file in a message', () => {
  let app: TestApp
  let ana: Person
  let ben: Person
  let eve: Person
  let conversation_id: string
  let n = 0
  const newId = () => `media-message-${++n}`

  before(async () => {
    app = await startApp({ MEDIA_QUOTA_MB: '2', MEDIA_FILE_MB: '1' })
    ;[ana, ben, eve] = [await signUp(app, 'creator', 'Ana'), await signUp(app, 'fan', 'Ben'), await signUp(app, 'fan', 'Eve')]
    await ben.call('creator:follow', { creator_id: ana.id })
    conversation_id = (await ben.call('conversation:create', { type: 'direct', member_ids: [ana.id] })).conversation_id
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  const codeOf = ({ status, body }: Answer) => `${status} ${body?.code ?? ''}`.trim()
  const say = (who: Person, media_ids: string[], more: object = {}) => byHttp(app, who).call('message:send', { conversation_id, client_msg_id: newId(), text: '', media_ids, ...more })
  const incoming = () => (existsSync(join(app.mediaDir, 'incoming')) ? readdirSync(join(app.mediaDir, 'incoming')) : [])
  const run = (job: string) => app.runJob(job)
  const placeOf = (media_id: string, variant = 'original') => join(app.mediaDir, 'files', media_id.slice(-2), `${media_id}.${variant}`)
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') => ask(`${app.url}${path}`, { method, headers })
  const used = async (who: Person) => (await who.call('media:usage', {})).used_bytes

  for (const door of doors)
    it(`is sent, seen by both, and once however often the message is sent (${door})`, async () => {
      const [hers, his] = [await through(door, app, ana), await through(door, app, ben)]
      const parts: number[] = []
      const photo = await ben.client.uploadMedia({ file: new Blob([await picture()]), name: 'Strand am Meer.png', kind: 'image', onProgress: (part) => parts.push(part) })
      expect(parts.at(-1)).to.equal(1)
      expect(photo).to.deep.include({ kind: 'image', name: 'Strand am Meer.webp', content_type: 'image/webp', width: 64, height: 48 })
      const draft = { conversation_id, client_msg_id: newId(), text: '', media_ids: [photo.media_id], type: 'image' as const }
      const answers = await Promise.all([1, 2, 3].map(() => his.call('message:send', draft)))
      expect(new Set(answers.map((each) => each.message_id)).size).to.equal(1)
      expect(answers[0]).to.deep.include({ type: 'image', text: '', media: [photo] })
      expect((await hers.call('conversation:history', { conversation_id, limit: 1 })).data[0]?.media).to.deep.equal([photo])
      expect((await hers.call('conversation:list', {})).data[0]?.last_message?.media).to.deep.equal([photo])
      expect(await his.refused('message:send', { ...draft, media_ids: [(await upload(app, ben, await picture())).media_id] })).to.equal('key-reused')
      const { url, thumbnail_url } = await hers.call('media:sign', { media_id: photo.media_id })
      const [image, thumbnail] = [await get(url), await get(thumbnail_url as string)]
      expect([image.status, image.headers['content-type'], thumbnail.status]).to.deep.equal([200, 'image/webp', 200])
      for (const each of [hers, his]) each.close()
    })

  it('tells both at once what is in it, and is told by what its bytes are', async () => {
    await ana.online()
    const voice = await upload(app, ben, webm(4), { kind: 'voice', name: 'note.webm', type: 'image/png', waveform: '[0,50,100]' })
    expect(voice).to.deep.include({ kind: 'voice', content_type: 'audio/webm', duration_ms: 4_000, waveform: [0, 50, 100], name: 'note.webm' })
    await say(ben, [voice.media_id])
    let heard: Message
    do heard = await ana.fact('message:created')
    while (heard.type !== 'voice')
    expect(heard.media).to.deep.equal([voice])
    const made = [
      await upload(app, ben, wav(2), { kind: 'voice' }),
      await upload(app, ben, mp4(5), { kind: 'video', name: 'a.mov' }),
      await upload(app, ben, webm(3, 'pictures'), { kind: 'video' }),
      await upload(app, ben, Buffer.from('<script>alert(1)</script>'), { name: 'page.html', type: 'text/html' }),
    ]
    expect(made.map(({ kind, content_type, duration_ms, width, name }) => ({ kind, content_type, duration_ms, width, name }))).to.deep.equal([
      { kind: 'voice', content_type: 'audio/wav', duration_ms: 2_000, width: undefined, name: 'file.wav' },
      { kind: 'video', content_type: 'video/mp4', duration_ms: 5_000, width: 320, name: 'a.mp4' },
      { kind: 'video', content_type: 'video/webm', duration_ms: 3_000, width: 320, name: 'file.webm' },
      { kind: 'file', content_type: 'application/octet-stream', duration_ms: undefined, width: undefined, name: 'page.html' },
    ])
    const [sound, film, other, page] = made as [Media, Media, Media, Media]
    const { refused } = byHttp(app, ben)
    const attempt = (media_ids: string[], more: object = {}) => refused('message:send', { conversation_id, client_msg_id: newId(), text: '', media_ids, ...more })
    expect(await attempt([film.media_id, sound.media_id])).to.equal('validation')
    expect(await attempt([film.media_id], { type: 'image' })).to.equal('validation')
    expect(await attempt([film.media_id], { type: 'text' })).to.equal('validation')
    expect(await refused('message:send', { conversation_id, client_msg_id: newId(), text: ' ' })).to.equal('validation')
    expect(await refused('message:send', { conversation_id, client_msg_id: newId(), text: 'x', type: 'voice' })).to.equal('validation')
    expect(await attempt(Array.from({ length: 11 }, (_each, index) => `med_${index}`))).to.equal('validation')
    expect((await say(ben, [film.media_id, other.media_id])).type).to.equal('video')
    expect((await say(ben, [page.media_id], { text: 'My page' })).type).to.equal('file')
    const { url } = await ana.call('media:sign', { media_id: page.media_id })
    const { headers, text } = await get(url)
    expect(text).to.equal('<script>alert(1)</script>')
    expect(headers).to.include({ 'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff', 'content-disposition': `attachment; filename="page.html"; filename*=UTF-8''page.html` })
    expect(headers['content-security-policy']).to.match(/default-src 'none'.*sandbox/)
    expect(headers['cache-control']).to.match(/^private, max-age=(29\d|300)$/)
  })

  it('U1: is refused where its bytes are not what it is meant to be, and drawn anew where they are', async () => {
    const script = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    const photo = { kind: 'image', name: 'photo.jpg', type: 'image/jpeg' }
    for (const text of [script, `<?xml version="1.0"?>${script}`, '<!doctype html><script>alert(1)</script>', '<?php system($_GET["c"]);', '%PDF-1.4\n%%EOF', 'BM', '\0'])
      expect(codeOf(await tryUpload(app, eve, Buffer.from(text), photo)), text).to.equal('415 file-type')
    expect(codeOf(await tryUpload(app, eve, await picture(), { kind: 'voice' }))).to.equal('415 file-type')
    expect(codeOf(await tryUpload(app, eve, webm(2), { kind: 'video' }))).to.equal('415 file-type')
    expect(codeOf(await tryUpload(app, eve, webm(2, 'pictures'), { kind: 'voice' }))).to.equal('415 file-type')
    const jpeg = await sharp({ create: { width: 300, height: 200, channels: 3, background: 'teal' } }).jpeg().withExif({ IFD0: { Make: 'Spycam' } }).toBuffer()
    for (const bytes of [Buffer.from([0xff, 0xd8, 0xff]), Buffer.from('GIF89a=1;alert(1)//'), jpeg.subarray(0, 400), (await picture()).subarray(0, 60)])
      expect(codeOf(await tryUpload(app, eve, bytes, photo)), bytes.toString('latin1').slice(0, 10)).to.equal('422 file-corrupt')
    const hidden = Buffer.concat([jpeg, Buffer.from(`*/alert(1)/*${script}`)])
    const turned = await sharp(await picture(60, 30)).withMetadata({ orientation: 6 }).jpeg().toBuffer()
    const kept = [await upload(app, eve, hidden, photo), await upload(app, eve, turned, { kind: 'image' })] as const
    const bytes = await Promise.all(kept.map(({ media_id }) => sharp(placeOf(media_id)).toBuffer({ resolveWithObject: true })))
    expect(bytes.some(({ data }) => /Spycam|alert/.test(data.toString('latin1')))).to.equal(false)
    expect((await sharp(placeOf(kept[0].media_id)).metadata()).exif).to.equal(undefined)
    expect([kept[1].width, kept[1].height]).to.deep.equal([30, 60])
    const film = await sharp(await Promise.all([1, 2, 3].map(() => picture(40, 40))), { join: { animated: true } }).gif({ delay: 100 }).toBuffer()
    const moving = await upload(app, eve, film, { kind: 'image', name: 'dance.gif' })
    expect([moving.width, moving.height, moving.name, (await sharp(placeOf(moving.media_id)).metadata()).pages]).to.deep.equal([40, 40, 'dance.webp', 3])
    expect(incoming()).to.deep.equal([])
  })

  it('U2: keeps a clean name that no path is made of, and no header broken by', async () => {
    const names: [string, string][] = [
      ['../../etc/passwd', 'passwd'],
      ['C:\\Users\\x.txt', 'x.txt'],
      ['con', '_con'],
      ['NUL.txt', '_NUL.txt'],
      ['\u202Egpj.exe', 'gpj.exe'],
      ['x\r\nSet-Cookie: a=b.txt', 'x%0D%0ASet-Cookie_ a=b.txt'],
      ['..', 'file'],
      ['.htaccess', 'htaccess'],
      ['Żółw "1".pdf', 'Żółw %221%22.pdf'],
    ]
    for (const [sent, kept] of names) expect((await upload(app, eve, Buffer.from(sent), { name: sent })).name, sent).to.equal(kept)
    // No browser sends one; a header with one in it is none.
    expect(codeOf(await tryUpload(app, eve, Buffer.from('x'), { name: 'a\0b.txt' }))).to.equal('400 multipart')
    const long = await upload(app, eve, Buffer.from('x'), { name: `${'ż'.repeat(4_096)}.pdf` })
    expect([Array.from(long.name).length, long.name.endsWith('.pdf')]).to.deep.equal([121, true])
    const { url } = await eve.call('media:sign', { media_id: long.media_id })
    const answer = await get(url)
    expect(answer.headers['content-disposition']).to.match(/^attachment; filename="_+\.pdf"; filename\*=UTF-8''(%C5%BC)+\.pdf$/)
    expect(readdirSync(dirname(placeOf(long.media_id))).every((each) => /^med_[0-9a-f]{32}\.(original|thumbnail)$/.test(each))).to.equal(true)
  })

  it('U3: is refused for what its head promises, before anything is drawn or played', async () => {
    const una = await signUp(app, 'fan', 'Una')
    const tries: [Buffer, string][] = [[hugePng(30_000, 30_000), 'image'], [gif(5_000), 'image'], [mp4(36_000), 'video'], [wav(16 * 60).fill(128, 44), 'voice']]
    for (const [bytes, kind] of tries) expect(codeOf(await tryUpload(app, una, bytes, { kind })), kind).to.equal('422 file-limits')
    expect(codeOf(await tryUpload(app, una, mp4(0), { kind: 'video' }))).to.equal('422 file-corrupt')
    for (const waveform of ['[]', '[101]', '[1.5]', 'x', JSON.stringify(Array(65).fill(1)), '["1"]']) expect(codeOf(await tryUpload(app, una, wav(1), { kind: 'voice', waveform })), waveform).to.equal('400 validation')
    expect(codeOf(await tryUpload(app, una, Buffer.from('x'), { waveform: '[1]' }))).to.equal('400 validation')
    expect(codeOf(await tryUpload(app, una, Buffer.from('x'), { kind: 'sticker' }))).to.equal('400 validation')
  })

  it('U4: leaves nothing behind when it is malformed, too large or broken off', async () => {
    const mia = await signUp(app, 'fan', 'Mia')
    const file = (value: Buffer | string) => ({ name: 'file', filename: 'a', value })
    const small = [file('hello')]
    const answers: [string, Promise<Answer>][] = [
      ['413 too-large', tryUpload(app, mia, Buffer.alloc(1_000_001), { kind: 'file' })],
      ['413 too-large', ask(`${app.url}/api/v1/uploads`, { method: 'POST', token: mia.token, headers: { 'content-type': multipartType, 'content-length': '400000000' } })],
      ['400 multipart', sendParts(app, mia, multipart(small, { end: false }))],
      ['400 multipart', sendParts(app, mia, multipart(Array.from({ length: 1_000 }, (_each, index) => ({ name: `f${index}`, value: 'x' }))))],
      ['400 multipart', sendParts(app, mia, multipart([...small, ...small]))],
      ['400 multipart', sendParts(app, mia, multipart([{ name: 'a[b][c][d]', value: '1' }, ...small]))],
      ['400 multipart', sendParts(app, mia, multipart([{ name: '__proto__', value: '1' }, ...small]))],
      ['400 multipart', sendParts(app, mia, multipart([{ name: 'kind', value: 'file' }, { name: 'kind', value: 'image' }, ...small]))],
      ['400 multipart', sendParts(app, mia, multipart([{ name: 'other', filename: 'a', value: 'x' }]))],
      ['400 multipart', sendParts(app, mia, multipart([file('')]))],
      ['400 multipart', sendParts(app, mia, multipart([]))],
      ['400 multipart', sendParts(app, mia, Buffer.from('x'), { 'content-type': 'multipart/form-data; x=y' })],
      ['415 media-type', sendParts(app, mia, Buffer.from('{}'), { 'content-type': 'application/json' })],
      ['415 encoding', sendParts(app, mia, multipart(small), { 'content-encoding': 'gzip' })],
      ['401 unauthenticated', sendParts(app, undefined, multipart(small))],
    ]
    for (const [index, [code, answer]] of answers.entries()) expect(codeOf(await answer), String(index)).to.equal(code)
    const whole = multipart([file(Buffer.alloc(900_000))])
    const outgoing = request(`${app.url}/api/v1/uploads`, { method: 'POST', agent: false, headers: { authorization: `Bearer ${mia.token}`, 'content-type': multipartType, 'content-length': whole.length } })
    const ended = new Promise((resolve) => outgoing.once('error', resolve))
    await new Promise((resolve) => outgoing.write(whole.subarray(0, -9_000), resolve))
    while (incoming().length === 0) await new Promise((resolve) => setImmediate(resolve))
    outgoing.destroy(new Error('gone'))
    await ended
    while (incoming().length > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  it('U5: is kept as long as there is room, and of many at once only as many as fit', async () => {
    const zoe = await signUp(app, 'fan', 'Zoe')
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => tryUpload(app, zoe, Buffer.alloc(900_000, ++n))))
    expect(answers.map(codeOf).toSorted()).to.deep.equal(['201', '201', '413 quota', '413 quota', '413 quota'])
    expect(await zoe.call('media:usage', {})).to.deep.include({ used_bytes: 1_800_000, quota_bytes: 2_000_000 })
    const [first] = answers.filter((each) => each.status === 201)
    await zoe.call('media:discard', { media_id: first?.body.media_id })
    await zoe.call('media:discard', { media_id: first?.body.media_id })
    await run('media.sweep')
    expect(await used(zoe)).to.equal(900_000)
    expect(existsSync(placeOf(first?.body.media_id))).to.equal(false)
    expect((await tryUpload(app, zoe, Buffer.alloc(900_000))).status).to.equal(201)
    expect(incoming()).to.deep.equal([])
  })

  it('U5: is nobody else’s to send, sign or throw away, and hangs on one message only', async () => {
    const photo = await upload(app, ben, await picture(), { kind: 'image' })
    for (const media_id of [photo.media_id, 'med_none', `med_${'0'.repeat(32)}`]) {
      const input = { conversation_id, client_msg_id: newId(), text: 'Mine', media_ids: [media_id] }
      expect(await byHttp(app, ana).refused('message:send', input)).to.equal('not-found')
      expect(await byHttp(app, ana).refused('media:sign', { media_id })).to.equal('not-found')
      expect(await byHttp(app, ana).refused('media:discard', { media_id })).to.equal('not-found')
    }
    const twins = await Promise.all([1, 2, 3].map(() => ben.http('POST', `/api/v1/conversations/${conversation_id}/messages`, { client_msg_id: newId(), text: '', media_ids: [photo.media_id] })))
    expect(twins.map(codeOf).toSorted()).to.deep.equal(['201', '404 not-found', '404 not-found'])
    expect(await byHttp(app, ben).refused('media:discard', { media_id: photo.media_id })).to.equal('stale-state')
    expect(await byHttp(app, eve).refused('media:sign', { media_id: photo.media_id })).to.equal('not-found')
  })

  it('is found under an address for one person and five minutes, whole or in part', async () => {
    const bytes = Buffer.from(Array.from({ length: 5_000 }, (_each, index) => index % 251))
    const { media_id } = await upload(app, ben, bytes, { name: 'data.bin' })
    await say(ben, [media_id])
    const { url } = await ana.call('media:sign', { media_id })
    const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`
    const table: [object, number, string | undefined, number | undefined][] = [
      [{}, 200, undefined, 5_000],
      [{ range: 'bytes=0-99' }, 206, 'bytes 0-99/5000', 100],
      [{ range: 'bytes=4990-' }, 206, 'bytes 4990-4999/5000', 10],
      [{ range: 'bytes=-10' }, 206, 'bytes 4990-4999/5000', 10],
      [{ range: 'bytes=4999-9999' }, 206, 'bytes 4999-4999/5000', 1],
      [{ range: 'bytes=5000-' }, 416, 'bytes */5000', undefined],
      [{ range: 'bytes=9-3' }, 416, 'bytes */5000', undefined],
      [{ range: 'bytes=-0' }, 416, 'bytes */5000', undefined],
      [{ range: `bytes=${'0-,5-,'.repeat(1_000)}9-` }, 416, 'bytes */5000', undefined],
      [{ range: 'bytes=0-1,4-5' }, 416, 'bytes */5000', undefined],
      [{ range: 'lines=1-2' }, 416, 'bytes */5000', undefined],
      [{ range: 'bytes=-' }, 416, 'bytes */5000', undefined],
      [{ range: 'bytes=0-99', 'if-range': etag }, 206, 'bytes 0-99/5000', 100],
      [{ range: 'bytes=0-99', 'if-range': '"other"' }, 200, undefined, 5_000],
      [{ 'if-none-match': etag }, 304, undefined, undefined],
    ]
    for (const [headers, status, range, length] of table) {
      const answer = await get(url, headers as Record<string, string>)
      const told = [answer.status, answer.headers['content-range'], status === 200 || status === 206 ? Number(answer.headers['content-length']) : undefined]
      expect(told, JSON.stringify(headers).slice(0, 60)).to.deep.equal([status, range, length])
    }
    expect(codeOf(await get(url, { range: 'x' }))).to.equal('416 range')
    const head = await get(url, {}, 'HEAD')
    expect([head.status, head.headers['content-length'], head.headers['etag'], head.headers['accept-ranges'], head.text]).to.deep.equal([200, '5000', etag, 'bytes', ''])
    const edited = [
      url.replace(ana.id, ben.id),
      url.replace(/expires=(\d+)/, (_match, at: string) => `expires=${Number(at) + 1}`),
      url.replace('/original', '/thumbnail'),
      url.replace(/signature=(.)/, (_match, first: string) => `signature=${first === '-' ? 'A' : '-'}`),
      `${url}A`,
      url.replace(/&signature=.*/, ''),
      url.replace(/\?.*/, ''),
      `${url}&user=${ben.id}`,
      url.replace(media_id, (await upload(app, ana, Buffer.from('x'))).media_id),
    ]
    for (const each of edited) expect(codeOf(await get(each)), each).to.equal('403 forbidden')
    expect(codeOf(await get(url, { authorization: `Bearer ${ben.token}` }))).to.equal('403 forbidden')
    expect(codeOf(await get(url, { authorization: 'Bearer x' }))).to.equal('401 unauthenticated')
    expect((await get(url, { authorization: `Bearer ${ana.token}` })).status).to.equal(200)
    expect(codeOf(await get(url, {}, 'POST'))).to.match(/^40[45] /)
    const soon = (await ana.call('media:sign', { media_id })).url
    app.wall.advance({ seconds: 290 })
    expect((await get(soon)).status).to.equal(200)
    app.wall.advance({ seconds: 12 })
    expect(codeOf(await get(soon))).to.equal('403 forbidden')
  })

  it('is for whoever may read its message now: not across a block, not for who left, came later or hid it, and for nobody once it is deleted', async () => {
    const [owner, stays, leaves, late] = [await signUp(app, 'fan', 'Owner'), ben, eve, await signUp(app, 'fan', 'Late')]
    await acquaint(owner, [stays, leaves, late])
    const group = (await owner.call('conversation:create', { type: 'group', title: 'G', member_ids: [stays.id, leaves.id] })).conversation_id
    const { media_id } = await upload(app, owner, await picture(), { kind: 'image' })
    const { message_id } = await owner.call('message:send', { conversation_id: group, client_msg_id: newId(), text: '', media_ids: [media_id] })
    await owner.call('conversation:add-members', { conversation_id: group, member_ids: [late.id] })
    const refused = (who: Person) => byHttp(app, who).refused('media:sign', { media_id })
    const addressOf = async (who: Person) => (await who.call('media:sign', { media_id })).url
    expect(await refused(late)).to.equal('not-found')
    expect(await refused(ana)).to.equal('not-found')
    const [old, hidden] = [await addressOf(leaves), await addressOf(stays)]
    expect([(await get(old)).status, (await get(hidden)).status]).to.deep.equal([200, 200])
    await leaves.call('conversation:leave', { conversation_id: group })
    await stays.call('message:delete', { message_id, scope: 'me' })
    expect([await refused(leaves), await refused(stays), codeOf(await get(old)), codeOf(await get(hidden))]).to.deep.equal(['not-found', 'not-found', '404 not-found', '404 not-found'])
    const own = await addressOf(owner)
    await owner.call('message:delete', { message_id })
    expect([await refused(owner), codeOf(await get(own))]).to.deep.equal(['not-found', '404 not-found'])
    expect((await owner.call('conversation:history', { conversation_id: group })).data[0]?.media).to.deep.equal([])
    await run('media.sweep')
    expect([existsSync(placeOf(media_id)), existsSync(placeOf(media_id, 'thumbnail')), await used(owner)]).to.deep.equal([false, false, 0])

    const photo = await upload(app, ben, await picture())
    await say(ben, [photo.media_id])
    const hers = (await ana.call('media:sign', { media_id: photo.media_id })).url
    await ben.call('user:block', { user_id: ana.id })
    for (const who of [ana, ben]) expect(await byHttp(app, who).refused('media:sign', { media_id: photo.media_id })).to.equal('blocked')
    expect(codeOf(await get(hers))).to.equal('403 blocked')
    await ben.call('user:unblock', { user_id: ana.id })

    await ana.call('conversation:create', { type: 'room' })
    const room = (await ben.call('room:read', { creator_id: ana.id })).room?.conversation_id as string
    await ben.call('conversation:join', { conversation_id: room })
    const shown = await upload(app, ana, await picture())
    await ana.call('message:send', { conversation_id: room, client_msg_id: newId(), text: '', media_ids: [shown.media_id] })
    const his = (await ben.call('media:sign', { media_id: shown.media_id })).url
    await ana.call('moderation:ban', { conversation_id: room, user_id: ben.id, until: '2999-01-01T00:00:00.000Z' })
    expect([await byHttp(app, ben).refused('media:sign', { media_id: shown.media_id }), codeOf(await get(his))]).to.deep.equal(['not-found', '404 not-found'])
  })

  it('goes on with a message that is forwarded: a copy in each conversation, of the space of whoever forwards, that outlives the first', async () => {
    const [author, carrier, friend] = [await signUp(app, 'fan', 'Author'), await signUp(app, 'fan', 'Carrier'), await signUp(app, 'fan', 'Friend')]
    await acquaint(carrier, [author, friend, eve])
    const direct = async (who: Person) => (await carrier.call('conversation:create', { type: 'direct', member_ids: [who.id] })).conversation_id
    const [from, to, other] = [await direct(author), await direct(friend), await direct(eve)]
    const bytes = await picture()
    const photo = await upload(app, author, bytes, { kind: 'image', name: 'Beach.png' })
    const { message_id } = await author.call('message:send', { conversation_id: from, client_msg_id: newId(), text: 'Look', media_ids: [photo.media_id] })
    const input = { message_id, conversation_ids: [to, other, conversation_id], client_msg_id: newId() }
    const { data } = await carrier.call('message:forward', input)
    expect(data.map((each) => [each.refused, each.message?.text, each.message?.type, each.message?.media.length])).to.deep.equal([[null, 'Look', 'image', 1], [null, 'Look', 'image', 1], ['not-found', undefined, undefined, undefined]])
    const again = await Promise.all([1, 2, 3].map(() => carrier.call('message:forward', input)))
    for (const each of again) expect(each.data.map(({ message }) => [message?.message_id, message?.media[0]?.media_id])).to.deep.equal(data.map(({ message }) => [message?.message_id, message?.media[0]?.media_id]))
    const [copied, second] = data.map((each) => each.message?.media[0])
    expect(copied).to.deep.equal({ ...photo, media_id: copied?.media_id })
    expect(new Set([photo.media_id, copied?.media_id, second?.media_id]).size).to.equal(3)
    expect(await used(carrier)).to.equal(2 * (await used(author)))

    await author.call('message:delete', { message_id })
    await run('media.sweep')
    expect(await used(author)).to.equal(0)
    const shown = await friend.call('media:sign', { media_id: copied?.media_id as string })
    for (const url of [shown.url, shown.thumbnail_url as string]) expect((await get(url)).status).to.equal(200)
    expect(await byHttp(app, author).refused('media:sign', { media_id: copied?.media_id as string })).to.equal('not-found')
    expect(await byHttp(app, carrier).refused('message:forward', { ...input, client_msg_id: newId() })).to.equal('not-found')

    const large = await upload(app, friend, Buffer.alloc(900_000, ++n))
    const heavy = await friend.call('message:send', { conversation_id: to, client_msg_id: newId(), text: '', media_ids: [large.media_id] })
    const outcome = await carrier.call('message:forward', { message_id: heavy.message_id, conversation_ids: [from, to, other], client_msg_id: newId() })
    expect(outcome.data.map((each) => [each.refused, each.message?.type])).to.deep.equal([[null, 'file'], [null, 'file'], ['quota', undefined]])
  })

  it('that is forwarded while its place can’t copy it is forwarded when it can', async () => {
    const text = 'precious'
    const photo = await upload(app, ben, Buffer.from(text))
    const { message_id } = await say(ben, [photo.media_id])
    const input = { message_id, conversation_ids: [conversation_id], client_msg_id: newId() }
    await rm(placeOf(photo.media_id))
    expect(await byHttp(app, ana).refused('message:forward', input)).to.equal('retry')
    await writeFile(placeOf(photo.media_id), text)
    expect(await byHttp(app, ana).refused('message:forward', input)).to.equal('retry')
    await run('media.sweep')
    const { data } = await ana.call('message:forward', input)
    expect(data[0]?.message?.media).to.have.length(1)
  })

  it('of a message that is reported is there for an admin until they have decided, whatever becomes of the message', async () => {
    const [liar, witness] = [await signUp(app, 'fan', 'Liar'), await signUp(app, 'fan', 'Witness')]
    const admin = await signIn(app, app.admin.email, app.admin.password)
    await acquaint(liar, [witness])
    const place = (await liar.call('conversation:create', { type: 'direct', member_ids: [witness.id] })).conversation_id
    const photo = await upload(app, liar, await picture(), { kind: 'image' })
    const { message_id } = await liar.call('message:send', { conversation_id: place, client_msg_id: newId(), text: '', media_ids: [photo.media_id] })
    const { media_id } = photo
    const refused = (who: Person) => byHttp(app, who).refused('media:sign', { media_id })
    expect(await refused(admin)).to.equal('not-found')
    const { report_id } = await witness.call('report:create', { subject_type: 'message', subject_id: message_id, reason: 'abuse' })
    await liar.call('message:delete', { message_id })
    await run('media.sweep')
    const [report] = (await admin.call('report:list', {})).data.filter((each) => each.report_id === report_id)
    expect(report?.media).to.deep.equal([photo])
    const { url } = await admin.call('media:sign', { media_id })
    expect((await get(url)).status).to.equal(200)
    for (const who of [liar, witness, ben]) expect(await refused(who)).to.equal('not-found')
    const audited = await app.db.collection('audit').findOne({ action: 'media.inspected', subject: media_id })
    expect(audited).to.deep.include({ actor: admin.id, details: { message: message_id } })

    await admin.call('report:resolve', { report_id, decision: 'acted', note: 'Seen' })
    expect([await refused(admin), codeOf(await get(url))]).to.deep.equal(['not-found', '404 not-found'])
    await run('media.sweep')
    expect([existsSync(placeOf(media_id)), await used(liar)]).to.deep.equal([false, 0])
  })

  it('goes when nobody sent it for a day, and so does what no row knows, however often the sweep is cut off', async () => {
    const gus = await signUp(app, 'fan', 'Gus')
    const [loose, sent] = [await upload(app, gus, await picture()), await upload(app, gus, await picture())]
    const pal = (await gus.call('conversation:create', { type: 'group', title: 'P', member_ids: [ben.id] })).conversation_id
    await gus.call('message:send', { conversation_id: pal, client_msg_id: newId(), text: '', media_ids: [sent.media_id] })
    const stray = placeOf(`med_${'a'.repeat(30)}${sent.media_id.slice(-2)}`)
    const foreign = join(app.mediaDir, 'files', 'notes.txt')
    const [old, left] = [new Date(Date.now() - 2 * 24 * 3600_000), join(app.mediaDir, 'incoming', 'med_left')]
    for (const path of [stray, left]) {
      await writeFile(path, 'x')
      await utimes(path, old, old)
    }
    await writeFile(foreign, 'mine')
    await run('media.sweep')
    await run('media.strays')
    expect([existsSync(stray), existsSync(left), existsSync(foreign), existsSync(placeOf(loose.media_id))]).to.deep.equal([false, false, true, true])
    app.wall.advance({ hours: 25 })
    // A process that was killed after it had removed one of the files.
    await rm(placeOf(loose.media_id))
    await Promise.all([run('media.sweep'), run('media.sweep')])
    expect(existsSync(placeOf(loose.media_id, 'thumbnail'))).to.equal(false)
    expect(existsSync(placeOf(sent.media_id))).to.equal(true)
    const again = await signIn(app, gus.email)
    expect(await used(again)).to.equal((await app.db.collection('media').findOne({ _id: sent.media_id as never }))?.['files'].reduce((sum: number, each: { size: number }) => sum + each.size, 0))
    expect(await byHttp(app, again).refused('message:send', { conversation_id: pal, client_msg_id: newId(), text: '', media_ids: [loose.media_id] })).to.equal('not-found')
  })

  it('I33: is missed, found changed or found without a row by the check', async () => {
    // Its own turn would take the stray file away before it is missed.
    await app.db.collection('agenda_jobs').updateOne({ name: 'media.strays' }, { $set: { disabled: true } })
    const dana = await signUp(app, 'fan', 'Dana')
    const { media_id } = await upload(app, dana, Buffer.from('right'))
    const faults = async () => (await app.check()).map(({ check, detail }) => `${check}: ${detail}`)
    const place = placeOf(media_id)
    expect(await faults()).to.deep.equal([])
    await writeFile(place, 'wrong')
    expect(await faults()).to.deep.equal(['media.files: original has other bytes than were stored'])
    await writeFile(place, 'longer than it was')
    expect(await faults()).to.deep.equal(['media.files: original has 18 bytes and should have 5'])
    await rm(place)
    expect(await faults()).to.deep.equal(['media.files: original is not there'])
    await writeFile(place, 'right')
    const stray = placeOf(`med_${'b'.repeat(30)}${media_id.slice(-2)}`)
    await writeFile(stray, 'x')
    await utimes(stray, app.wall.now(), app.wall.now())
    expect(await faults()).to.deep.equal([])
    await utimes(stray, new Date(0), new Date(0))
    expect(await faults()).to.deep.equal(['media.strays: is a file without a row'])
    await rm(stray)
    await app.db.collection('media_usage').updateOne({ _id: dana.id as never }, { $inc: { bytes: 1 } })
    expect(await faults()).to.deep.equal(['media.usage: is said to use 6 bytes, and uses 5'])
    await app.db.collection('media_usage').updateOne({ _id: dana.id as never }, { $inc: { bytes: -1 } })
  })

  it('is in the export of whoever sent it, and gone with them', async () => {
    const finn = await signUp(app, 'fan', 'Finn')
    await acquaint(finn, [ana])
    const pal = (await finn.call('conversation:create', { type: 'group', title: 'F', member_ids: [ana.id] })).conversation_id
    const photo = await upload(app, finn, await picture())
    await finn.call('message:send', { conversation_id: pal, client_msg_id: newId(), text: '', media_ids: [photo.media_id] })
    const { media } = (await finn.call('account:export', {})) as unknown as { media: Media[] }
    expect(media.map((each) => each.media_id)).to.deep.equal([photo.media_id])
    await finn.call('account:delete', { password: 'a good long password' })
    app.clock.advance({ days: 15 })
    await run('accounts.farewell')
    expect(existsSync(placeOf(photo.media_id))).to.equal(false)
    const reader = await signIn(app, ana.email)
    expect((await reader.call('conversation:history', { conversation_id: pal })).data.filter((each) => each.type !== 'system').map((each) => each.media)).to.deep.equal([[]])
    expect(await app.db.collection('media').countDocuments({ owner_id: finn.id })).to.equal(0)
  })

  it('waits while there is maintenance', async () => {
    const admin = await signIn(app, app.admin.email, app.admin.password)
    const sender = await signIn(app, ben.email)
    await admin.call('maintenance:set', { on: true })
    app.wall.advance({ seconds: 4 })
    expect(codeOf(await tryUpload(app, sender, Buffer.from('x')))).to.equal('503 retry')
    await admin.call('maintenance:set', { on: false })
  })
})
