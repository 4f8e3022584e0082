// The widget in Russian: /widget.ru.js.
import { install } from './install.js';
import { words } from './words-ru.js';

install('ru', words);
