<?php
/**
 * The content store can't be reached, or does not answer in time. Its message is for people, and names
 * no secret and no address.
 *
 * @package SOS_Publisher
 */

namespace SOS_Publisher\Store;

defined( 'ABSPATH' ) || exit;

/**
 * Nothing is known of what was asked: it may have been done.
 */
final class Unavailable extends \RuntimeException {}
