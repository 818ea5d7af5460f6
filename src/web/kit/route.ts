import { useEffect, useState } from 'preact/hooks'

/** The part of the address behind `#/`, in pieces: `#/creator/@ana` is `['creator', '@ana']`. */
export function useRoute(): string[] {
  const [route, setRoute] = useState(readRoute)
  useEffect(() => {
    const follow = (): void => setRoute(readRoute())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return route
}

export function hrefOf(...pieces: string[]): string {
  return `#/${pieces.map(encodeURIComponent).join('/')}`
}

function readRoute(): string[] {
  return location.hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((piece) => piece !== '')
    .map((piece) => {
      try {
        return decodeURIComponent(piece)
      } catch {
        return piece
      }
    })
}
