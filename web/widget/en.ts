// The widget in English: /widget.js.
import { install } from './install.js';
import { words } from './words-en.js';

install('en', words);
