import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createHttpClient, type HttpClient } from '../../src/platform/http-client.ts'
import { createDiskStorage } from '../../src/platform/storage/disk.ts'
import { createS3Storage, type S3Settings } from '../../src/platform/storage/s3.ts'
import type { Storage, StorageError } from '../../src/platform/storage/storage.ts'
import { wall } from '../../src/platform/system-clock.ts'
import { startApp } from '../support/app.ts'
import { signUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'
import { picture, tryUpload, upload } from '../support/media.ts'
import { type S3Server, startS3 } from '../support/s3.ts'
import { bytesOf, localFile, storageSuite } from '../suites/storage.ts'

describe('storage', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ovation-storage-'))
  const keys = { bucket: 'people', accessKeyId: 'AKIATEST', secret: 'a secret/with+signs', region: 'eu-test-1' }
  let server: S3Server
  let http: HttpClient

  before(async () => {
    server = await startS3(keys)
    http = createHttpClient({ log: { warn: () => {} }, allowOrigins: [server.url] })
  })
  after(async () => {
    http.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const s3 = (change: Partial<S3Settings & { at: number }> = {}): Storage =>
    createS3Storage({
      endpoint: server.url,
      region: keys.region,
      bucket: keys.bucket,
      access_key_id: keys.accessKeyId,
      secret_access_key: keys.secret,
      checksum: 'stored',
      http,
      wall: change.at === undefined ? wall : { now: () => new Date(Date.now() + (change.at as number)) },
      ...change,
    })

  storageSuite('a folder', () => createDiskStorage({ folder: join(folder, 'files') }))
  storageSuite('an object store', () => s3())

  const faultOf = (work: Promise<unknown>) => work.then(() => 'none', (error: StorageError) => `${error.name} ${error.reason}: ${error.message}`)

  it('is refused with a wrong secret, key, region or clock, for each of its calls', async () => {
    await s3().put('dd/med_mine.original', localFile(Buffer.from('mine')))
    const wrong: [Partial<S3Settings & { at: number }>, string][] = [
      [{ secret_access_key: 'another' }, 'SignatureDoesNotMatch'],
      [{ access_key_id: 'AKIAOTHER' }, 'InvalidAccessKeyId'],
      [{ region: 'us-east-1' }, 'AuthorizationHeaderMalformed'],
      [{ at: 20 * 60_000 }, 'RequestTimeTooSkewed'],
    ]
    for (const [change, code] of wrong) {
      const storage = s3(change)
      const calls = [
        storage.put('dd/med_new.original', localFile(Buffer.from('new'))),
        storage.read('dd/med_mine.original'),
        storage.stat('dd/med_mine.original'),
        storage.remove('dd/med_mine.original'),
        (async () => {
          for await (const each of storage.list()) throw new Error(each.key)
        })(),
      ]
      for (const fault of await Promise.all(calls.map(faultOf))) expect(fault).to.equal(`StorageError refused: The object store said 403 ${code}`)
    }
    expect([server.objects.has('dd/med_mine.original'), server.objects.has('dd/med_new.original')]).to.deep.equal([true, false])
  })

  it('takes no file whose bytes changed on the way, unless nothing vouches for them', async () => {
    const changed = () => {
      const file = localFile(Buffer.from('right'))
      writeFileSync(file.path, 'wrong')
      return file
    }
    expect(await faultOf(s3({ checksum: 'signed' }).put('ee/med_x.original', changed()))).to.contain('XAmzContentSHA256Mismatch')
    expect(await faultOf(s3({ checksum: 'stored' }).put('ee/med_x.original', changed()))).to.contain('XAmzContentSHA256Mismatch')
    expect(server.objects.has('ee/med_x.original')).to.equal(false)
    await s3({ checksum: 'none' }).put('ee/med_x.original', changed())
    expect((await bytesOf(await s3().read('ee/med_x.original')))?.toString()).to.equal('wrong')
  })

  it('keeps what people send, and says when it can’t', async () => {
    const settings = { S3_ENDPOINT: server.url, S3_REGION: keys.region, S3_BUCKET: keys.bucket, S3_ACCESS_KEY_ID: keys.accessKeyId }
    const app = await startApp({ ...settings, S3_SECRET_ACCESS_KEY: keys.secret })
    const misled = await startApp({ ...settings, S3_SECRET_ACCESS_KEY: 'not it' }, app)
    try {
      server.objects.clear()
      const ben = await signUp(app, 'fan', 'Ben')
      const photo = await upload(app, ben, await picture(), { kind: 'image' })
      expect([...server.objects.keys()].toSorted()).to.deep.equal(['original', 'thumbnail'].map((each) => `${photo.media_id.slice(-2)}/${photo.media_id}.${each}`))
      const { url } = await ben.call('media:sign', { media_id: photo.media_id })
      const part = await ask(`${app.url}${url}`, { headers: { range: 'bytes=0-3' } })
      expect([part.status, part.text]).to.deep.equal([206, 'RIFF'])
      expect(await app.check()).to.deep.equal([])
      for (const answer of [await tryUpload(misled, ben, await picture()), await ask(`${misled.url}${url}`)]) expect([answer.status, answer.body.code]).to.deep.equal([503, 'retry'])
      expect(misled.logs.map(({ message }) => message)).to.include.members(['a file could not be stored', 'a file could not be read'])
    } finally {
      await misled.stop()
      await app.stop()
    }
  })
})
