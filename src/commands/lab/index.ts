/** The commands of `osdemo lab`. */
import { also, files, type Group } from '../lib/entry.js'

export const labCommands: Group = {
  summary: 'labs of a course: check a program in any language by what it does to the kernel',
  examples: ['osdemo lab list', 'osdemo lab check echo-server -- ./server {port}'],
  members: {
    list: {
      summary: 'list the labs',
      needs: { better: files, also },
      killLines: [''],
      load: () => import('./list.js'),
    },
    show: {
      summary: 'print the task sheet of a lab',
      needs: { better: files, also },
      killLines: ['echo-server'],
      load: () => import('./show.js'),
    },
    check: {
      summary: 'run the checks of a lab against a program',
      needs: { must: ['proc', 'loopback'], better: files, also },
      killLines: ['echo-server -- sleep 5 {port}'],
      load: () => import('./check.js'),
    },
  },
}
