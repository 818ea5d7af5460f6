import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Client, DraftFile, More } from '../../client/index.ts'
import type { Media, MediaAddress, MediaKind } from '../../features/media/contract.ts'
import type { Message } from '../../features/messaging/contract.ts'
import { Trouble } from './parts.ts'
import { recordVoice, type Recorder } from './voice.ts'
import { sentenceOf } from './words.ts'

export type Attached = NonNullable<More['files']>[number]

const maxFiles = 10
/** asked for again so long before it ends */
const earlyMs = 20_000
const titles: Record<MediaKind, string> = { image: 'Photo', voice: 'Voice message', video: 'Video', file: 'File' }

/** In a line of a list: its words, or what it carries. */
export function gistOf({ text, media }: Pick<Message, 'text' | 'media'>): string {
  const [first] = media
  return text || (first ? (media.length > 1 ? `${media.length} files` : titles[first.kind]) : '')
}

/** Files that wait to be sent with the next words: chosen, pasted, dropped or spoken. */
export function Attachments({ files, onChange }: { files: readonly Attached[]; onChange: (files: readonly Attached[]) => void }) {
  const input = useRef<HTMLInputElement>(null)
  const [recorder, setRecorder] = useState<Recorder | undefined>()
  const [trouble, setTrouble] = useState('')
  const [seconds, setSeconds] = useState(0)
  useEffect(() => {
    if (!recorder) return undefined
    const timer = setInterval(() => setSeconds(recorder.seconds()), 250)
    return () => {
      clearInterval(timer)
      recorder.cancel()
    }
  }, [recorder])
  const start = (): void => {
    setTrouble('')
    setSeconds(0)
    recordVoice().then(setRecorder, () => setTrouble('The microphone can’t be used. Allow it in your browser, or choose a file.'))
  }
  const stop = (): void => {
    recorder?.stop().then(
      (voice) => {
        setRecorder(undefined)
        // A voice note goes alone.
        if (voice) onChange([voice])
      },
      (error: unknown) => setTrouble(sentenceOf(error)),
    )
  }
  const canRecord = typeof MediaRecorder !== 'undefined' && navigator.mediaDevices !== undefined
  return html`
    <div class="attach">
      ${files.length > 0 && html`<ul class="list pending" aria-label="To be sent">${files.map((each) => html`<li key=${each.name}><span class="clip">${titles[each.kind]}: ${each.name}</span><button type="button" class="quiet" aria-label=${`Remove ${each.name}`} onClick=${() => onChange(files.filter((other) => other !== each))}>✕</button></li>`)}</ul>`}
      <div class="row">
        <input ref=${input} type="file" multiple hidden aria-label="Files to send" onChange=${() => {
          onChange([...files, ...attachedOf(input.current?.files ?? [])].slice(0, maxFiles))
          if (input.current) input.current.value = ''
        }} />
        ${recorder
          ? html`<span role="status">● Recording ${clockOf(seconds * 1000)}</span><button type="button" onClick=${stop}>Done</button><button type="button" class="plain" onClick=${() => setRecorder(undefined)}>Throw away</button>`
          : html`<button type="button" class="plain" onClick=${() => input.current?.click()}>Attach</button>${canRecord && html`<button type="button" class="plain" onClick=${start}>Record</button>`}`}
      </div>
      ${trouble && html`<${Trouble} text=${trouble} />`}
    </div>
  `
}

/** What a paste, a drop or a choice of files brings. */
export function attachedOf(list: ArrayLike<File>): Attached[] {
  return Array.from(list, (file) => ({ file, name: file.name || 'file', kind: kindOf(file.type) })).slice(0, maxFiles)
}

function kindOf(type: string): MediaKind {
  if (/^image\/(jpeg|png|webp|gif|avif)$/.test(type)) return 'image'
  return /^video\/(mp4|webm|quicktime)$/.test(type) ? 'video' : 'file'
}

/** Files on their way. */
export function DraftFiles({ files }: { files: readonly DraftFile[] }) {
  if (files.length === 0) return null
  return html`<ul class="list pending">${files.map((each) => html`<li key=${each.name}><span class="clip">${titles[each.kind]}: ${each.name}</span><progress max="1" value=${each.progress} aria-label=${`${each.name} on its way`}></progress></li>`)}</ul>`
}

export function MediaList({ client, media }: { client: Client; media: readonly Media[] }) {
  if (media.length === 0) return null
  return html`<div class="media">${media.map((each) => html`<${MediaItem} key=${each.media_id} client=${client} media=${each} />`)}</div>`
}

/** Where a file is, is asked when it comes into sight, and again before that ends. */
function MediaItem({ client, media }: { client: Client; media: Media }) {
  const place = useRef<HTMLDivElement>(null)
  const [isSeen, setIsSeen] = useState(false)
  const [address, setAddress] = useState<MediaAddress | undefined>()
  const [trouble, setTrouble] = useState('')
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && setIsSeen(true), { rootMargin: '200px' })
    if (place.current) observer.observe(place.current)
    return () => observer.disconnect()
  }, [])
  const ask = (): void => {
    setTrouble('')
    client.call('media:sign', { media_id: media.media_id }).then(setAddress, (error: unknown) => setTrouble(sentenceOf(error)))
  }
  useEffect(() => {
    if (isSeen) ask()
  }, [isSeen])
  // A picture that is drawn stays; a player asks on as long as it plays, and a link when it is followed.
  useEffect(() => {
    if (!address || media.kind === 'image') return undefined
    const timer = setTimeout(ask, Math.max(1_000, Date.parse(address.expires_at) - Date.now() - earlyMs))
    return () => clearTimeout(timer)
  }, [address])
  return html`<div class=${`item ${media.kind}`} ref=${place}>
    ${trouble ? html`<${Trouble} text=${trouble} /><button type="button" class="plain" onClick=${ask}>Try again</button>` : html`<${Shown} client=${client} media=${media} address=${address} />`}
  </div>`
}

function Shown({ client, media, address }: { client: Client; media: Media; address: MediaAddress | undefined }) {
  switch (media.kind) {
    case 'image':
      return html`<${Picture} client=${client} media=${media} address=${address} />`
    case 'voice':
      return html`<${Voice} media=${media} address=${address} />`
    case 'video':
      return html`<video controls playsinline preload="metadata" src=${address?.url} width=${media.width} height=${media.height} aria-label=${media.name}></video>`
    case 'file':
      return html`<a class="file" href=${address?.url} download=${media.name} rel="noreferrer"><span class="clip">${media.name}</span> <span class="soft">${sizeOf(media.size_bytes)}</span></a>`
  }
}

function Picture({ client, media, address }: { client: Client; media: Media; address: MediaAddress | undefined }) {
  const [large, setLarge] = useState('')
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (large) dialog.current?.showModal()
  }, [large])
  // The address of a while ago may have ended.
  const open = (): void => void client.call('media:sign', { media_id: media.media_id }).then(({ url }) => setLarge(url), () => {})
  return html`
    <button type="button" class="picture" aria-label=${`Open ${media.name}`} onClick=${open}><img src=${address?.thumbnail_url ?? undefined} width=${media.width} height=${media.height} alt=${media.name} /></button>
    ${large && html`<dialog ref=${dialog} class="large" aria-label=${media.name} onClose=${() => setLarge('')}><img src=${large} alt=${media.name} /><form method="dialog"><button>Close</button></form></dialog>`}
  `
}

function Voice({ media, address }: { media: Media; address: MediaAddress | undefined }) {
  const audio = useRef<HTMLAudioElement>(null)
  const [isPlaying, setIsPlaying] = useState(false)
  const [at, setAt] = useState(0)
  const total = media.duration_ms ?? 0
  const bars = media.waveform ?? Array.from({ length: 32 }, () => 30)
  const part = total > 0 ? (at * 1000) / total : 0
  return html`
    <button type="button" class="play" disabled=${!address} aria-label=${isPlaying ? 'Pause the voice message' : 'Play the voice message'} onClick=${() => (isPlaying ? audio.current?.pause() : void audio.current?.play())}>${isPlaying ? '❚❚' : '▶'}</button>
    <svg class="wave" viewBox=${`0 0 ${bars.length * 3} 32`} preserveAspectRatio="none" role="img" aria-label=${`Voice message, ${clockOf(total)}`}>
      ${bars.map((height, index) => html`<rect key=${index} class=${index / bars.length < part ? 'played' : ''} x=${index * 3} y=${16 - Math.max(1, height * 0.15)} width="2" height=${Math.max(2, height * 0.3)} />`)}
    </svg>
    <span class="soft">${clockOf(isPlaying ? at * 1000 : total)}</span>
    <audio ref=${audio} src=${address?.url} preload="none" onPlay=${() => setIsPlaying(true)} onPause=${() => setIsPlaying(false)} onTimeUpdate=${() => setAt(audio.current?.currentTime ?? 0)}></audio>
  `
}

function clockOf(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

function sizeOf(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
