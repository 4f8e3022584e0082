// The widget in Ukrainian: /widget.uk.js.
import { install } from './install.js';
import { words } from './words-uk.js';

install('uk', words);
